"""The emergency stop: who, when and why, told once; and everything that runs, page by page."""

import json

import pytest

from promptpilot import clock
from promptpilot.domain.event import EventType
from promptpilot.domain.execution import ExecutionStatus
from promptpilot.domain.permissions import Role
from promptpilot.domain.principal import Principal
from promptpilot.domain.workflow import Workflow
from promptpilot.errors import Forbidden
from promptpilot.ports.table import Table
from promptpilot.services.executions import start as execution_start
from promptpilot.services.executions import suspensions
from promptpilot.services.executions.suspensions import (
    Cancelling,
    SuspendRequest,
    cancel_running,
    suspend,
    unsuspend,
)
from promptpilot.services.heads import Head
from promptpilot.services.workflows.documents import get_workflow
from promptpilot.services.workflows.versions import WORKFLOWS
from tests.fakes import ScriptedModel
from tests.unit.control import cancelled, name_of, status_of, told
from tests.unit.world import World


@pytest.fixture
def world() -> World:
    return World(ScriptedModel())


def stop(world: World, **asked: object) -> suspensions.SuspensionState:
    request = SuspendRequest.model_validate(asked)
    return suspend(world.principal, world.workflow.id, request, table=world.ports.table)


def cancelling(world: World) -> list[Cancelling]:
    """What the events say that have not been handled, oldest first."""
    bodies = [json.loads(item.body) for item in world.ports.table.of_kind("outbox")]  # type: ignore[attr-defined]
    return [
        Cancelling.model_validate(body["data"])
        for body in bodies
        if body["type"] == EventType.WORKFLOW_CANCELLING
    ]


def event_comes(world: World, event: Cancelling) -> None:
    cancel_running(
        world.principal.workspace,
        world.workflow.id,
        event,
        table=world.ports.table,
        blobs=world.ports.blobs,
        orchestrator=world.orchestrator,
        waiter=world.waiter,
    )


def test_it_says_who_when_and_why_until_the_workflow_goes_on(world: World) -> None:
    state = stop(world, reason="It sends the mails twice.")
    assert state.suspended is not None
    assert state.suspended.by == world.principal.user
    assert state.suspended.reason == "It sends the mails twice."
    table, workflow = world.ports.table, world.workflow.id
    assert get_workflow(world.principal, workflow, table=table).suspended == state.suspended
    assert unsuspend(world.principal, workflow, table=table).suspended is None
    assert get_workflow(world.principal, workflow, table=table).suspended is None


def test_again_is_fine_and_keeps_who_was_first(world: World) -> None:
    first = stop(world, reason="first")
    assert stop(world, reason="second") == first
    table = world.ports.table
    for _ in range(2):
        unsuspend(world.principal, world.workflow.id, table=table)
    types = told(world, world.workflow)  # type: ignore[arg-type]
    assert types.count("workflow.suspended") == 1
    assert types.count("workflow.unsuspended") == 1


def test_what_runs_goes_on_unless_it_is_to_be_cancelled(world: World) -> None:
    execution = world.execute({"text": "x"})
    stop(world)
    assert cancelling(world) == []
    stop(world, cancel_running=True)  # of one that is suspended already
    [event] = cancelling(world)
    event_comes(world, event)
    assert status_of(world, execution) is ExecutionStatus.CANCELLED


def test_many_are_cancelled_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspensions, "PAGE", 3)
    executions = [world.execute({"text": str(number)}) for number in range(8)]
    ended, running, *_ = executions
    world.change(ended, "SUCCEEDED", stopDate=5_000, output="null")
    world.change(running, "RUNNING")
    stop(world, cancel_running=True, reason="Enough.")
    handled = 0
    while handled < len(cancelling(world)):
        event_comes(world, cancelling(world)[handled])
        handled += 1
    assert handled == 3
    assert status_of(world, ended) is ExecutionStatus.SUCCEEDED
    assert world.read(running).cancelled_by == world.principal.user
    assert name_of(running) in world.orchestrator.stopped
    for execution in executions[2:]:
        found = world.read(execution)
        assert found.status is ExecutionStatus.CANCELLED
        assert found.error is not None
        assert found.error.message == "Enough."


def test_what_begins_once_the_workflow_goes_on_is_left_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.execute({"text": "x"})
    stop(world, cancel_running=True)
    unsuspend(world.principal, world.workflow.id, table=world.ports.table)
    later = clock.epoch_ms() + 1
    monkeypatch.setattr(clock, "epoch_ms", lambda: later)
    after = world.execute({"text": "y"})
    stop(world)  # for another reason, and what runs may go on
    for event in cancelling(world):
        event_comes(world, event)
    assert status_of(world, before) is ExecutionStatus.CANCELLED
    assert status_of(world, after) is ExecutionStatus.QUEUED


def test_what_slipped_in_while_it_was_suspended_is_cancelled_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop(world, cancel_running=True)
    later = clock.epoch_ms() + 1
    monkeypatch.setattr(clock, "epoch_ms", lambda: later)
    monkeypatch.setattr(execution_start, "startable_head", _as_if_not_suspended)
    slipped = world.execute({"text": "x"})
    [event] = cancelling(world)
    event_comes(world, event)
    assert status_of(world, slipped) is ExecutionStatus.CANCELLED


def _as_if_not_suspended(workspace: str, workflow: str, *, table: Table) -> Head[Workflow]:
    """Whoever starts an execution may have looked a moment earlier."""
    return WORKFLOWS.load(workspace, workflow, table=table)


def test_what_somebody_writes_as_the_reason_is_in_no_event(world: World) -> None:
    running, waiting = world.execute({"text": "x"}), world.execute({"text": "y"})
    world.change(running, "RUNNING")
    cancelled(world, running, "s3cret")
    stop(world, cancel_running=True, reason="s3cret too")
    for event in cancelling(world):
        event_comes(world, event)
    events = [item.body for item in world.ports.table.of_kind("outbox")]  # type: ignore[attr-defined]
    assert not any("s3cret" in each for each in events)
    assert world.read(running).cancel_reason == "s3cret"
    assert world.read(waiting).cancel_reason == "s3cret too"


def test_a_runner_may_not(world: World) -> None:
    runner = Principal(world.principal.user, world.principal.workspace, Role.RUNNER)
    with pytest.raises(Forbidden):
        suspend(runner, world.workflow.id, SuspendRequest(), table=world.ports.table)
    with pytest.raises(Forbidden):
        unsuspend(runner, world.workflow.id, table=world.ports.table)
