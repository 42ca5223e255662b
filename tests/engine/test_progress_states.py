"""What the history of an execution tells of its steps is what the steps' own jobs say."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import pytest

from embedded.engine.engine import Engine
from promptpilot.domain.execution import log_id
from promptpilot.domain.ids import new_id
from promptpilot.domain.progress import StateEvent
from promptpilot.domain.step_job import StepPlace
from promptpilot.domain.workflow import WorkflowDocument, WorkflowVersion
from promptpilot.ports.orchestrator import HistoryEvent, Machine
from promptpilot.services.progress.places import Places, places_of
from promptpilot.services.progress.states import States
from tests.engine.conftest import Run
from tests.engine.scripted_worker import Job, ScriptedWorker
from tests.engine.statuses import Statuses
from tests.unit.workflow_samples import compiled, prompt_step, transform, workflow

EXECUTION = new_id("execution")
_numbers = count(1)


def loop(id: str, rounds: int, *steps: Any) -> dict[str, Any]:
    until = "{% $" + id + ".index >= " + str(rounds - 1) + " %}"
    return {"id": id, "kind": "loop", "until": until, "max_iterations": 9, "steps": list(steps)}


def map_(id: str, items: Sequence[Any], *steps: Any, **fields: Any) -> dict[str, Any]:
    step = {"id": id, "kind": "map", "items": list(items), "as": f"{id}_thing"}
    return {**step, "steps": list(steps), **fields}


def parallel(id: str, **branches: Sequence[Any]) -> dict[str, Any]:
    return {"id": id, "kind": "parallel", "branches": {k: list(v) for k, v in branches.items()}}


def places(document: Any) -> Places:
    version = WorkflowVersion.model_construct(
        workspace="ws_1",
        workflow_id=f"workflow_{next(_numbers)}",
        version="1.0.0",
        document=WorkflowDocument.model_validate(document),
    )
    return places_of(version)


def history(engine: Engine, machine: Machine, name: str) -> Sequence[HistoryEvent]:
    return engine.history(machine, name, after=0, limit=10_000)


def told(states: States, events: Sequence[HistoryEvent]) -> list[StateEvent]:
    return [event for event in map(states.read, events) if event is not None]


def place(thing: Mapping[str, Any] | StateEvent) -> tuple[str, str | None]:
    if isinstance(thing, StateEvent):
        return thing.path, thing.iteration
    return thing["path"], thing.get("iteration")


def log_of(job: Job) -> str:
    where = {name: job[name] for name in ("step", "path", "ordinal")}
    return log_id(EXECUTION, StepPlace(**where, iteration=job.get("iteration")))


NESTED = workflow(
    prompt_step("first"),
    loop("early", 2, prompt_step("ask_early")),
    map_(
        "outer",
        ["a", "b", "c"],
        transform("shape", 1),
        loop(
            "rounds",
            3,
            prompt_step("ask"),
            map_("inner", [1, 2], prompt_step("leaf")),
            loop("deep", 2, prompt_step("deepest")),
        ),
        prompt_step("after"),
        concurrency=3,
    ),
    parallel(
        "fan",
        left=[loop("left_rounds", 2, prompt_step("left_ask"))],
        right=[prompt_step("right_ask"), map_("right_map", [1, 2], prompt_step("right_leaf"))],
    ),
    prompt_step("last"),
)

CAUGHT = workflow(
    map_(
        "outer",
        ["a", "b"],
        prompt_step("risky", retry={"attempts": 1}),
        on_error={"steps": [loop("mend", 2, prompt_step("mended"))]},
    ),
    loop("again", 2, prompt_step("go")),
)


def run_to_end(
    document: Any, run: Run, statuses: Statuses, engine: Engine
) -> tuple[Places, Sequence[HistoryEvent]]:
    built = compiled(document)
    machine = Machine("ws_1", "wf_1", "1.0.0", built.digest, built.asl)
    envelope = {"workspace": "ws_1", "execution": EXECUTION, "workflow": "w", "version": "1.0.0"}
    name = run(machine, {**envelope, "input": {}})
    statuses.output_of(name)
    return places(document), history(engine, machine, name)


def test_every_step_is_told_with_the_path_and_the_iteration_of_its_job(
    run: Run, statuses: Statuses, engine: Engine, worker: ScriptedWorker
) -> None:
    known, events = run_to_end(NESTED, run, statuses, engine)
    prompts = [
        event for event in told(States(EXECUTION, known), events) if known[event.step].is_prompt
    ]
    entered = [place(event) for event in prompts if event.type == "state.entered"]
    left = [place(event) for event in prompts if event.type == "state.left"]
    jobs = [place(job) for job in worker.jobs]
    assert len(jobs) == 1 + 2 + 3 * (3 + 6 + 6 + 1) + 2 + 1 + 2 + 1
    assert len(set(entered)) == len(entered)
    assert sorted(map(str, entered)) == sorted(map(str, left)) == sorted(map(str, jobs))


def test_the_log_of_a_step_that_is_left_is_the_one_that_its_job_was_to_write(
    run: Run, statuses: Statuses, engine: Engine, worker: ScriptedWorker
) -> None:
    known, events = run_to_end(NESTED, run, statuses, engine)
    states = States(EXECUTION, known)
    logs = []
    calling: set[str] = set()
    for event in events:
        log = states.log_of(event)
        if log is not None:
            assert log in states.calling
            logs.append(log)
        states.read(event)
        calling |= states.calling.keys()
    assert sorted(logs) == sorted(log_of(job) for job in worker.jobs) == sorted(calling)
    assert not states.calling


def test_loops_that_are_over_are_not_remembered(
    run: Run, statuses: Statuses, engine: Engine
) -> None:
    known, events = run_to_end(NESTED, run, statuses, engine)
    states = States(EXECUTION, known)
    most = 0
    for event in events:
        states.read(event)
        most = max(most, len(states.rounds))
    assert not states.rounds
    # In each of three iterations at once, one in the other.
    assert most <= 6


def test_reading_on_from_a_copy_tells_the_same(
    run: Run, statuses: Statuses, engine: Engine
) -> None:
    known, events = run_to_end(NESTED, run, statuses, engine)
    whole = told(States(EXECUTION, known), events)
    for cut in range(0, len(events), 7):
        before = States(EXECUTION, known)
        first = told(before, events[:cut])
        kept = before.copy()
        told(before, events[cut : cut + 20])
        assert first + told(kept, events[cut:]) == whole


@pytest.mark.parametrize("failing", [1, 2])
def test_what_mends_a_failed_map_is_told_outside_of_its_iterations(
    failing: int, run: Run, statuses: Statuses, engine: Engine, worker: ScriptedWorker
) -> None:
    answers = [worker.succeed(), worker.fail("ModelRefused")]
    worker.script("risky", *(answers if failing == 2 else answers[::-1]))
    known, events = run_to_end(CAUGHT, run, statuses, engine)
    states = States(EXECUTION, known)
    items = told(states, events)
    mended = [place(each) for each in items if each.step == "mended"]
    assert mended[::2] == [
        ("outer/mend/mended", "0"),
        ("outer/mend/mended", "1"),
    ]
    jobs = [place(job) for job in worker.jobs if job["step"] in {"mended", "go"}]
    entered = [
        place(each)
        for each in items
        if each.type == "state.entered" and each.step in {"mended", "go"}
    ]
    assert entered == jobs
    failed = next(each for each in items if each.type == "state.failed")
    assert (failed.step, failed.error) == ("risky", "ModelRefused")
    assert not states.calling
    assert not states.rounds
