"""What a state machine tells of an execution, and which step it blames."""

from datetime import timedelta

import pytest

from promptpilot.clock import now
from promptpilot.domain.execution import (
    Execution,
    ExecutionLog,
    ExecutionStatus,
    LogError,
    LogStatus,
    log_id,
)
from promptpilot.domain.step_job import StepPlace
from promptpilot.keys import log as log_key
from promptpilot.ports.orchestrator import HistoryEvent
from promptpilot.ports.table import Item, Put
from promptpilot.services.executions.records import load_execution
from promptpilot.services.steps.logs import StoredLog
from tests.fakes import ScriptedModel
from tests.unit.control import name_of, status_of, told, use
from tests.unit.world import World

STOPS = {"id": "stop", "kind": "fail", "error": "Refused"}


@pytest.fixture
def world() -> World:
    return World(ScriptedModel())


def waiting(world: World) -> Execution:
    """An execution that waits for a person."""
    execution = world.execute({"text": "x"})
    found = load_execution(execution.workspace, execution.id, table=world.ports.table)
    world.ports.table.write([found.changed(status=ExecutionStatus.WAITING).replace])
    return execution


def fails(world: World, execution: Execution, error: str) -> str | None:
    """The step that an execution that ends in `error` names."""
    world.change(execution, "FAILED", stopDate=5_000, error=error, cause="because")
    ended = world.read(execution).error
    assert ended is not None
    return ended.step


def failed_log(world: World, execution: Execution, step: str, error: str, seconds: int) -> None:
    """A step's log that says that it failed, so many seconds from now."""
    place = StepPlace(step=step, path=f"outer/{step}", ordinal=seconds)
    log = ExecutionLog(
        id=log_id(execution.id, place),
        workspace=execution.workspace,
        execution_id=execution.id,
        step=step,
        path=place.path,
        status=LogStatus.FAILED,
        error=LogError(name=error, message="because"),
        started_at=now(),
        ended_at=now() + timedelta(seconds=seconds),
    )
    stored = StoredLog(log=log, token="t", delivery=1, leased_until=0)
    key = log_key(execution.workspace, log.id)
    world.ports.table.write([Put(Item(key, "log", stored.model_dump_json()))])


def test_news_that_it_runs_do_not_end_its_waiting(world: World) -> None:
    execution = waiting(world)
    world.change(execution, "RUNNING")
    assert status_of(world, execution) is ExecutionStatus.WAITING
    assert told(world, execution) == ["execution.queued"]


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"])
def test_one_that_waits_can_end_in_every_way(world: World, status: str) -> None:
    execution = waiting(world)
    world.change(execution, status, stopDate=5_000)
    assert status_of(world, execution).final


def test_an_execution_over_its_time_is_told_so(world: World) -> None:
    execution = world.execute({"text": "x"})
    world.change(execution, "TIMED_OUT", stopDate=5_000)
    ended = world.read(execution)
    assert ended.status is ExecutionStatus.TIMED_OUT
    assert ended.error is not None
    assert ended.error.name == "States.Timeout"


def test_the_last_step_with_the_error_is_named_though_others_failed_later(world: World) -> None:
    execution = world.execute({"text": "x"})
    failed_log(world, execution, "early", "ModelTimeout", 1)
    failed_log(world, execution, "late", "ModelTimeout", 2)
    failed_log(world, execution, "caught", "OutputInvalid", 3)
    assert fails(world, execution, "ModelTimeout") == "late"


def test_the_fail_step_of_that_error_is_named_wherever_it_stands(world: World) -> None:
    other = {"id": "give_up", "kind": "fail", "error": "TooLate"}
    case = {"when": "{% $input.text = 'x' %}", "steps": [STOPS]}
    use(world, {"id": "route", "kind": "branch", "cases": [case], "otherwise": [other]})
    assert fails(world, world.execute({}), "Refused") == "stop"
    assert fails(world, world.execute({}), "TooLate") == "give_up"
    assert fails(world, world.execute({}), "Unheard") is None


def test_of_two_fail_steps_of_one_error_none_is_named(world: World) -> None:
    case = {"when": "{% $input.text = 'x' %}", "steps": [STOPS]}
    again = {**STOPS, "id": "stop_too"}
    use(world, {"id": "route", "kind": "branch", "cases": [case], "otherwise": [again]})
    assert fails(world, world.execute({}), "Refused") is None


def test_a_machines_own_error_is_of_the_state_that_its_history_tells(world: World) -> None:
    execution = world.execute({"text": "x"})
    error = "States.QueryEvaluationError"
    states = ["first", "second.item", "first"]
    world.orchestrator.histories[name_of(execution)] = [
        HistoryEvent(1, now(), "state_failed", states[0], error=error),
        HistoryEvent(2, now(), "state_failed", states[1], error=error),
        HistoryEvent(3, now(), "state_failed", states[2], error="States.Timeout"),
    ]
    assert fails(world, execution, error) == "second"


def test_of_a_step_and_what_is_around_it_the_step_is_the_one_that_failed(world: World) -> None:
    inner = {"id": "inner", "kind": "transform", "value": 1}
    use(world, {"id": "outer", "kind": "map", "items": [1], "steps": [inner]})
    execution = world.execute({})
    error = "States.QueryEvaluationError"
    world.orchestrator.histories[name_of(execution)] = [
        HistoryEvent(1, now(), "state_failed", "inner", error=error),
        HistoryEvent(2, now(), "state_failed", "outer", error=error),
    ]
    assert fails(world, execution, error) == "inner"


def test_of_one_that_was_resumed_the_count_of_resumptions_tells_its_end_from_earlier_ones(
    world: World,
) -> None:
    execution = waiting(world)
    found = load_execution(execution.workspace, execution.id, table=world.ports.table)
    resumed = found.changed(status=ExecutionStatus.RUNNING, resumes=1, resumed_at=now())
    world.ports.table.write([resumed.replace])
    world.change(execution, "FAILED", stopDate=5_000, error="Early", redriveCount=0)
    assert status_of(world, execution) is ExecutionStatus.RUNNING
    # By a clock that is behind, it ended before it was resumed.
    world.change(execution, "SUCCEEDED", stopDate=5_000, output="1", redriveCount=1)
    assert status_of(world, execution) is ExecutionStatus.SUCCEEDED
