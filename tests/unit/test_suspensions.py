"""The emergency stop: who, when and why, told once; and everything that runs, page by page."""

import json

import pytest

from promptpilot.domain.event import EventType
from promptpilot.domain.execution import ExecutionStatus
from promptpilot.domain.permissions import Role
from promptpilot.domain.principal import Principal
from promptpilot.errors import Forbidden
from promptpilot.services import suspensions
from promptpilot.services.suspensions import (
    Cancelling,
    SuspendRequest,
    cancel_running,
    suspend,
    unsuspend,
)
from promptpilot.services.workflows import get_workflow
from tests.fakes import ScriptedModel
from tests.unit.control import name_of, status_of, told
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


def test_a_runner_may_not(world: World) -> None:
    runner = Principal(world.principal.user, world.principal.workspace, Role.RUNNER)
    with pytest.raises(Forbidden):
        suspend(runner, world.workflow.id, SuspendRequest(), table=world.ports.table)
    with pytest.raises(Forbidden):
        unsuspend(runner, world.workflow.id, table=world.ports.table)
