"""Events of executions: one at a time, or a batch of a queue's messages with them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.execution_events.handler import EVENT_TYPES, handle, handler
from promptpilot.bus_event import bus_event
from promptpilot.clock import epoch_ms
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.execution import Execution, ExecutionStatus, machine_name
from promptpilot.domain.ids import new_id
from promptpilot.errors import Unavailable
from promptpilot.ports.orchestrator import Machine
from promptpilot.services.executions import queue as execution_queue
from promptpilot.services.executions.suspensions import SuspendRequest, suspend, unsuspend
from tests.fakes import ScriptedModel
from tests.handlers.queued_work import Work, batch, failed_in, installed, message
from tests.unit.control import cancelled, name_of, resumed

ARN = "arn:aws:states:eu-central-1:123456789012:execution:promptpilot-test-1-2:name"

DATA = {
    EventType.EXECUTION_RESUMED: {"resumes": 1},
    EventType.WORKFLOW_CANCELLING: {"by": new_id("user"), "asked_at": "2026-01-01T00:00:00Z"},
}
"""What events of these types carry."""


@pytest.fixture
def work() -> Iterator[Work]:
    with installed(ScriptedModel()) as work:
        yield work


def ended(execution: Execution, **detail: Any) -> dict[str, Any]:
    """What EventBridge tells of an execution that has succeeded."""
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "executionArn": ARN,
            "name": machine_name(execution.workspace, execution.id),
            "status": "SUCCEEDED",
            "startDate": 1_000,
            "stopDate": 2_000,
            "input": "{}",
            "output": '"fine"',
            "inputDetails": {"included": True},
            "outputDetails": {"included": True},
            **detail,
        },
    }


def queued(execution: Execution) -> dict[str, Any]:
    """What the bus tells of an execution that was recorded."""
    event = Event.of(
        EventType.EXECUTION_QUEUED,
        workspace=execution.workspace,
        actor=execution.created_by,
        subject=execution.id,
    )
    detail = json.loads(event.model_dump_json())
    return {"detail-type": EventType.EXECUTION_QUEUED, "detail": detail}


def test_a_status_change_ends_the_record(work: Work) -> None:
    execution = work.world.execute({"text": "x"})
    handle(ended(execution))
    record = work.world.read(execution)
    assert (record.status, record.output) == (ExecutionStatus.SUCCEEDED, "fine")


def test_an_output_too_large_for_its_event_is_fetched(work: Work) -> None:
    execution = work.world.execute({"text": "x"})
    large = "x" * 260_000
    work.world.orchestrator.outputs[ARN] = json.dumps(large)
    handle(ended(execution, output=None, outputDetails={"included": False}))
    record = work.world.read(execution)
    assert (record.status, record.output) == (ExecutionStatus.SUCCEEDED, large)


def test_an_execution_that_was_not_started_is_started_by_its_event(work: Work) -> None:
    execution = work.world.execute({"text": "x"})
    work.world.orchestrator.started.clear()
    handle(queued(execution))
    assert list(work.world.orchestrator.started) == [f"{execution.workspace}-{execution.id}"]


def test_events_of_another_kind_are_ignored() -> None:
    handle({"detail-type": "Something Else", "detail": {}})


def test_each_message_of_a_batch_succeeds_or_fails_for_itself(work: Work) -> None:
    first, second = (work.world.execute({"text": text}) for text in ("x", "y"))
    no_status = ended(second)
    del no_status["detail"]["status"]
    records = [
        message("no json", "text"),
        message(json.dumps(no_status), "wrong"),
        message(json.dumps(ended(first)), "good"),
    ]
    assert failed_in(handler(batch(*records), None)) == ["text", "wrong"]
    assert work.world.read(first).status is ExecutionStatus.SUCCEEDED
    assert work.world.read(second).status is ExecutionStatus.QUEUED


def test_a_start_that_cannot_be_yet_is_delivered_again(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = work.world.execute({"text": "x"})
    record = message(json.dumps(queued(execution)), "queued")

    def too_many(*_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(work.world.orchestrator, "start", too_many)
        assert failed_in(handler(batch(record), None)) == ["queued"]
    assert failed_in(handler(batch(record), None)) == []


def own(type: EventType, execution: Execution, **data: Any) -> dict[str, Any]:
    """What the bus tells of an execution."""
    event = Event.of(
        type, workspace=execution.workspace, actor="system", subject=execution.id, **data
    )
    return bus_event(event)


def test_the_end_that_somebody_asked_for_is_made_sure_of(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = work.world.execute({"text": "x"})
    work.world.change(execution, "RUNNING")
    cancelled(work.world, execution, "enough")
    stops = []

    def stop(machine: Machine, name: str, *, error: str, cause: str) -> None:
        stops.append((name, error, cause))

    monkeypatch.setattr(work.world.orchestrator, "stop", stop)
    handle(own(EventType.EXECUTION_CANCEL_REQUESTED, execution))
    assert stops == [(name_of(execution), "Cancelled", "enough")]


def test_the_resumption_that_is_recorded_is_made_sure_of(work: Work) -> None:
    execution = work.world.execute({"text": "x"})
    work.world.change(execution, "FAILED", stopDate=epoch_ms(), error="Any")
    resumed(work.world, execution)
    work.world.orchestrator.resumed.clear()  # as if the process had died before it
    handle(own(EventType.EXECUTION_RESUMED, execution, resumes=1))
    assert work.world.orchestrator.resumed == [name_of(execution)]


def test_of_many_that_waited_the_rest_is_let_in_by_the_events_of_the_first(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution_queue, "AT_ONCE", 2)
    world, started = work.world, work.world.orchestrator.started
    waiting = [world.execute({"text": "x"}) for _ in range(5)]
    started.clear()
    suspend(world.principal, world.workflow.id, SuspendRequest(), table=world.ports.table)
    for each in waiting:
        handle(queued(each))
    unsuspend(world.principal, world.workflow.id, table=world.ports.table)
    handle(own(EventType.WORKFLOW_UNSUSPENDED, waiting[0]))
    assert list(started) == [name_of(each) for each in waiting[:2]]
    for each in waiting[:2]:
        world.change(each, "RUNNING")
        handle(own(EventType.EXECUTION_ADMITTED, each))
    assert list(started) == [name_of(each) for each in waiting]


@pytest.mark.parametrize("type", EVENT_TYPES)
def test_an_event_of_what_is_not_there_does_no_harm(work: Work, type: EventType) -> None:
    execution = work.world.execute({"text": "x"}).model_copy(update={"id": new_id("execution")})
    work.world.orchestrator.started.clear()
    handle(own(type, execution, **DATA.get(type, {})))
    world = work.world.orchestrator
    assert (world.started, world.stopped, world.resumed) == ({}, {}, [])
