"""What becomes of approvals that nobody decides: their time is over, or their execution's."""

from typing import Any

import pytest

from promptpilot.clock import epoch_ms
from promptpilot.domain.approval import ApprovalStatus
from promptpilot.domain.execution import ExecutionStatus, LogStatus
from promptpilot.errors import Conflict
from promptpilot.services.executions import approvals
from promptpilot.services.executions import waits as execution_waits
from promptpilot.services.executions.approvals import (
    close_approvals,
    first_unanswered,
    get_approval,
)
from promptpilot.services.runs import approval_steps
from promptpilot.services.runs.abandoned_steps import abandon_workflow_step
from promptpilot.services.runs.beginnings import workflow_step_log
from promptpilot.services.steps.logs import Delivery, claim
from promptpilot.services.steps.waiting_tasks import waiting_tasks
from tests.unit.asking import APPROVE, Asking
from tests.unit.control import resumed


async def test_an_approval_whose_time_is_over_cannot_be_decided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Asking(timeout="1h")
    approval = await world.ask()
    monkeypatch.setattr(approvals, "now", world.later(hours=1))
    found = get_approval(world.principal, approval.id, table=world.ports.table)
    assert found.status is ApprovalStatus.EXPIRED
    with pytest.raises(Conflict, match="expired"):
        world.decide(APPROVE)
    assert world.orchestrator.succeeded == {}


async def test_the_next_step_of_a_workflow_that_went_on_without_an_answer_does_not_find_it_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Asking(timeout="1h", on_timeout="approve")
    await world.ask()
    later = world.later(hours=2)
    for module in (approvals, approval_steps, execution_waits):
        monkeypatch.setattr(module, "now", later)
    world.execution = world.stored(world.execution)
    await world.do(world.execution, "then")
    log = world.log()
    assert (log.status, log.error.name) == (LogStatus.FAILED, "ApprovalTimedOut")
    assert world.approval().status is ApprovalStatus.EXPIRED
    assert world.stored(world.execution).status is ExecutionStatus.RUNNING
    tasks = waiting_tasks(world.execution.workspace, world.execution.id, table=world.ports.table)
    assert list(tasks) == []


async def test_the_end_of_the_execution_cancels_what_it_asks() -> None:
    world = Asking()
    approval = await world.ask()
    world.end(world.execution)
    for _ in range(2):
        close_approvals(
            approval.workspace, world.execution.id, table=world.ports.table, blobs=world.ports.blobs
        )
    assert world.approval().status is ApprovalStatus.CANCELLED
    log = world.log()
    assert (log.status, log.error.name) == (LogStatus.FAILED, "StepCancelled")
    with pytest.raises(Conflict, match="cancelled"):
        world.decide(APPROVE)
    assert world.orchestrator.succeeded == world.orchestrator.failed == {}


async def test_what_is_left_open_when_its_time_is_all_but_over_has_expired(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Asking(timeout="1h")
    await world.ask()
    await world.ask("also")
    workspace, execution = world.execution.workspace, world.execution.id
    assert first_unanswered(workspace, execution, table=world.ports.table) == "ask"
    monkeypatch.setattr(approvals, "now", world.later(minutes=59, seconds=59))
    world.end(world.execution)
    assert world.approval().status is ApprovalStatus.EXPIRED
    assert world.log().error.name == "ApprovalTimedOut"
    assert world.approval("also").status is ApprovalStatus.CANCELLED
    assert first_unanswered(workspace, execution, table=world.ports.table) is None


async def test_an_execution_that_ends_while_it_asks_is_not_left_with_a_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Asking()
    begin = approval_steps.begin_waiting

    def ended_meanwhile(*args: Any, **kwargs: Any) -> Any:
        done = begin(*args, **kwargs)
        world.change(world.execution, "ABORTED", stopDate=2_000)
        return done

    monkeypatch.setattr(approval_steps, "begin_waiting", ended_meanwhile)
    approval = await world.ask()
    assert approval.status is ApprovalStatus.CANCELLED
    assert world.log().status is LogStatus.FAILED


async def test_the_end_cancels_what_a_worker_that_died_was_asking_again() -> None:
    world = Asking()
    await world.ask()
    job = world.job_of(world.execution, "ask")
    log = workflow_step_log(job, world.execution)
    claim(log, Delivery(job.token, 2), 1000, table=world.ports.table, blobs=world.ports.blobs)
    world.change(world.execution, "ABORTED", stopDate=epoch_ms(), error="Cancelled")
    assert world.approval().status is ApprovalStatus.CANCELLED
    assert world.log().error.name == "StepCancelled"
    with pytest.raises(Conflict):
        world.decide(APPROVE)


async def test_the_end_cancels_what_a_step_asked_that_was_given_up() -> None:
    world = Asking()
    await world.ask()
    job = world.job_of(world.execution, "ask")
    log = workflow_step_log(job, world.execution)
    ports = {"table": world.ports.table, "blobs": world.ports.blobs}
    claim(log, Delivery(job.token, 2), 1000, **ports)
    abandon_workflow_step(job, **ports, orchestrator=world.orchestrator)
    world.change(world.execution, "FAILED", stopDate=epoch_ms(), error="StepAbandoned")
    assert world.approval().status is ApprovalStatus.CANCELLED
    assert world.log().error.name == "StepAbandoned"
    assert (
        list(waiting_tasks(world.execution.workspace, world.execution.id, table=ports["table"]))
        == []
    )


async def test_an_end_that_is_told_late_leaves_alone_what_the_resumed_execution_asks() -> None:
    world = Asking()
    await world.ask()
    world.change(world.execution, "FAILED", stopDate=epoch_ms(), error="Any")
    resumed(world, world.execution)
    await world.ask(token="another")
    ports = {"table": world.ports.table, "blobs": world.ports.blobs}
    close_approvals(world.execution.workspace, world.execution.id, **ports)
    assert world.approval().status is ApprovalStatus.PENDING


async def test_a_resumed_execution_asks_again_what_was_cancelled() -> None:
    world = Asking()
    approval = await world.ask()
    world.change(world.execution, "FAILED", stopDate=epoch_ms(), error="Any")
    assert world.approval().status is ApprovalStatus.CANCELLED
    resumed(world, world.execution)
    again = await world.ask(token="after the resumption")
    assert (again.id, again.status) == (approval.id, ApprovalStatus.PENDING)
    assert len(world.events("approval.requested")) == 2
    world.decide(APPROVE)
    assert "after the resumption" in world.orchestrator.succeeded
    assert "token ask" not in world.orchestrator.succeeded
