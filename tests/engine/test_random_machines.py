"""Whatever a machine says and its worker does, its execution ends, and the engine lives on."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.database import Database
from embedded.engine.engine import Engine
from tests.engine.asl import machine, pass_, task
from tests.engine.scripted_worker import Job, ScriptedWorker
from tests.engine.statuses import Statuses

SIZE = 5
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
        "{% $uuid() & $now() %}",
        "{% $nothing %}",
        "{% $states.input[0] %}",
        "{% $string($x) & 'x' %}",
    ]
)
errors = st.sampled_from(["A", "B", "States.TaskFailed", "States.QueryEvaluationError"])
actions = st.lists(st.sampled_from(["succeed", "A", "B", "break", "report", "twice"]), max_size=8)
exits = st.fixed_dictionaries(
    {}, optional={"Output": expressions, "Assign": st.fixed_dictionaries({"x": expressions})}
)


@st.composite
def states(draw: st.DrawFn, at: int) -> dict[str, Any]:
    later = st.sampled_from([f"s{n}" for n in range(at + 1, SIZE + 1)])
    kind = draw(st.sampled_from(["Pass", "Pass", "Task", "Task", "Task", "Choice", "Wait", "Fail"]))
    if kind == "Fail":
        return {"Type": "Fail", "Error": "{% $string($x) %}", "Cause": "c"}
    if kind == "Choice":
        rule = {"Condition": draw(st.sampled_from([True, False, "{% $x = 7 %}", "{% $x %}"]))}
        default = draw(st.none() | later)
        choices = {"Type": "Choice", "Choices": [rule | {"Next": draw(later)}]}
        return choices | ({"Default": default} if default else {}) | draw(exits)
    if kind == "Wait":
        seconds = draw(st.sampled_from([0, "{% $x %}", "{% 0 %}", "{% -1 %}"]))
        return {"Type": "Wait", "Seconds": seconds, "Next": draw(later)}
    if kind == "Pass":
        return pass_(draw(later), **draw(exits))
    catchers = st.fixed_dictionaries(
        {"ErrorEquals": st.lists(errors, min_size=1), "Next": later},
        optional={"Output": expressions},
    )
    step = task("any", draw(later), Catch=draw(st.lists(catchers, max_size=2)), **draw(exits))
    step["Arguments"]["MessageBody"]["more"] = draw(expressions)
    return step


@st.composite
def machines(draw: st.DrawFn) -> dict[str, Any]:
    drawn = {f"s{n}": draw(states(n)) for n in range(SIZE)}
    return {"begin": pass_("s0", Assign={"x": 0}), **drawn, f"s{SIZE}": {"Type": "Succeed"}}


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
    engine.start(machine(states), name, {"given": input, "n": 7})
    end = statuses.end_of(name)
    assert end["status"] in {"SUCCEEDED", "FAILED"}
    assert not (end["cause"] or "").startswith("The engine failed"), end
    engine.start(machine({"p": pass_(Output="alive")}), f"{name}-after", {})
    assert statuses.output_of(f"{name}-after") == "alive"
