"""Whatever a machine says and its worker does, its execution ends, and the engine lives on."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.database import Database
from embedded.engine.engine import Engine
from promptpilot.ports.orchestrator import HistoryEvent
from tests.engine.asl import machine, map_, parallel, pass_, task
from tests.engine.scripted_worker import Job, ScriptedWorker
from tests.engine.statuses import Statuses

SIZE = (5, 2, 1)
"""How many states a scope has, by how many are around it."""
expressions = st.sampled_from(
    [
        "literal",
        7,
        None,
        [],
        {"deep": ["{% $x %}", {"er": "{% $states.input %}"}]},
        "{% $states.input %}",
        "{% $states.context.State.RetryCount %}",
        "{% $states.result.n %}",
        "{% $x %}",
        "{% $x + 1 %}",
        "{% $y %}",
        "{% $states.context.Map.Item %}",
        "{% $uuid() & $now() %}",
        "{% $nothing %}",
        "{% $states.input[0] %}",
        "{% $string($x) & 'x' %}",
    ]
)
errors = st.sampled_from(["A", "B", "States.TaskFailed", "States.QueryEvaluationError"])
actions = st.lists(st.sampled_from(["succeed", "A", "B", "break", "report", "twice"]), max_size=8)
catchers = st.fixed_dictionaries(
    {"ErrorEquals": st.lists(errors, min_size=1)}, optional={"Output": expressions}
)
items = st.sampled_from(
    [[], [1, 2, 3], ["{% $x %}", 2], "{% [1..4] %}", "{% $states.input %}", "{% $no %}"]
)
limits = st.sampled_from([0, 1, 2, "{% 2 %}", "{% $x %}"])


@dataclass(frozen=True)
class Place:
    """Where a state stands: its scope's name begins the names in it, and has so many scopes around
    it.
    """

    scope: str
    at: int
    depth: int

    def name(self, at: int) -> str:
        return f"{self.scope}s{at}"

    def within(self, what: int) -> str:
        """The name of a scope within the state."""
        return f"{self.name(self.at)}{'abc'[what]}"


def caught(draw: st.DrawFn, later: st.SearchStrategy[str]) -> list[dict[str, Any]]:
    return [each | {"Next": draw(later)} for each in draw(st.lists(catchers, max_size=2))]


@st.composite
def branching(draw: st.DrawFn, place: Place, kind: str, following: str) -> dict[str, Any]:
    if kind == "Parallel":
        count = draw(st.integers(1, 3))
        return parallel(
            [draw(scopes(place.within(n), place.depth + 1)) for n in range(count)], following
        )
    more: dict[str, Any] = {"ItemSelector": draw(expressions)} if draw(st.booleans()) else {}
    inner = draw(scopes(place.within(0), place.depth + 1))
    return map_(inner, following, Items=draw(items), MaxConcurrency=draw(limits), **more)


@st.composite
def states(draw: st.DrawFn, place: Place) -> dict[str, Any]:
    later = st.sampled_from([place.name(n) for n in range(place.at + 1, SIZE[place.depth] + 1)])
    kinds = ["Pass", "Pass", "Task", "Task", "Task", "Choice", "Wait", "Fail"]
    kind = draw(st.sampled_from([*kinds, *["Parallel", "Map"] * (2 * (place.depth < 2))]))
    if kind == "Fail":
        return {"Type": "Fail", "Error": "{% $string($x) %}", "Cause": "c"}
    if kind == "Choice":
        rule = {"Condition": draw(st.sampled_from([True, False, "{% $x = 7 %}", "{% $x %}"]))}
        default = draw(st.none() | later)
        choices = {"Type": "Choice", "Choices": [rule | {"Next": draw(later)}]}
        return choices | ({"Default": default} if default else {}) | draw(exits(place))
    if kind == "Wait":
        seconds = draw(st.sampled_from([0, "{% $x %}", "{% 0 %}", "{% -1 %}"]))
        return {"Type": "Wait", "Seconds": seconds, "Next": draw(later)}
    if kind == "Pass":
        return pass_(draw(later), **draw(exits(place)))
    if kind in {"Parallel", "Map"}:
        branches = draw(branching(place, kind, draw(later)))
        return branches | {"Catch": caught(draw, later), **draw(exits(place))}
    step = task("any", draw(later), Catch=caught(draw, later), **draw(exits(place)))
    step["Arguments"]["MessageBody"]["more"] = draw(expressions)
    return step


def exits(place: Place) -> st.SearchStrategy[dict[str, Any]]:
    variable = "xyz"[place.depth]
    assigned = st.fixed_dictionaries({variable: expressions})
    return st.fixed_dictionaries({}, optional={"Output": expressions, "Assign": assigned})


@st.composite
def scopes(draw: st.DrawFn, scope: str = "", depth: int = 0) -> dict[str, Any]:
    size = SIZE[depth]
    places = [Place(scope, at, depth) for at in range(size)]
    drawn = {place.name(place.at): draw(states(place)) for place in places}
    return drawn | {f"{scope}s{size}": {"Type": "Succeed"}}


@st.composite
def machines(draw: st.DrawFn) -> dict[str, Any]:
    return {"begin": pass_("s0", Assign={"x": 0}), **draw(scopes())}


@pytest.fixture(scope="module")
def worker() -> ScriptedWorker:
    return ScriptedWorker()


@pytest.fixture(scope="module")
def statuses() -> Statuses:
    return Statuses()


@pytest.fixture(scope="module")
def engine(
    tmp_path_factory: pytest.TempPathFactory, worker: ScriptedWorker, statuses: Statuses
) -> Iterator[Engine]:
    database = Database(tmp_path_factory.mktemp("random") / "engine.db")
    engine = worker.engine = Engine(
        database, worker=worker, on_status=statuses, redelivery_seconds=(0, 0)
    )
    engine.start_up()
    yield engine
    engine.shut_down(0)
    database.close()


def act(worker: ScriptedWorker, action: str) -> Any:
    def broken(job: Job) -> None:
        worker.succeed()(job)
        raise ValueError(action)

    def report(job: Job) -> dict[str, Any]:
        message = worker.events[-1]["Records"][0]["messageId"]
        return {"batchItemFailures": [{"itemIdentifier": message}]}

    def twice(job: Job) -> None:
        worker.succeed({"n": 1})(job)
        worker.fail("A")(job)

    named = {"succeed": worker.succeed({"n": 7}), "break": broken, "report": report, "twice": twice}
    return named.get(action) or worker.fail(action)


def check_history(events: Sequence[HistoryEvent]) -> None:
    """Every state that ended was entered before, and what failed has a name for it."""
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    within: Counter[tuple[str, tuple[int, ...]]] = Counter()
    for event in events:
        at = (event.state, event.iteration)
        within[at] += {"state_entered": 1, "state_exited": -1}.get(event.type, 0)
        assert within[at] >= (event.type != "state_exited")
    assert all(event.error for event in events if event.type == "state_failed")


numbers = count()


@given(states=machines(), script=actions, input=expressions)
@settings(max_examples=60, deadline=None)
def test_every_execution_ends_and_the_engine_lives_on(
    engine: Engine,
    worker: ScriptedWorker,
    statuses: Statuses,
    states: dict[str, Any],
    script: list[str],
    input: Any,
) -> None:
    worker.script("any", *[act(worker, action) for action in script])
    name = f"random-{next(numbers)}"
    which = machine(states)
    engine.start(which, name, {"given": input, "n": 7})
    end = statuses.end_of(name)
    check_history(engine.history(which, name, after=0, limit=25_000))
    if end["status"] == "FAILED":
        statuses.details.clear()
        engine.resume(which, name, times=1)
        statuses.end_of(name)
    assert end["status"] in {"SUCCEEDED", "FAILED"}
    assert not (end["cause"] or "").startswith("The engine failed"), end
    engine.start(machine({"p": pass_(Output="alive")}), f"{name}-after", {})
    assert statuses.output_of(f"{name}-after") == "alive"
