"""Running a step that asks people: the question is written down, and the step waits."""

from datetime import timedelta

from promptpilot.clock import from_epoch_ms, now
from promptpilot.domain.approval import (
    DEFAULT_ROLE,
    Approval,
    ApprovalStatus,
    approval_id,
)
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.execution import ExecutionLog, LogStatus
from promptpilot.domain.workflow_steps import ApprovalStep
from promptpilot.errors import ConditionFailed
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.table import Table
from promptpilot.services.executions.approval_records import asking, load_approval
from promptpilot.services.executions.approvals import close_approvals
from promptpilot.services.executions.waits import begin_wait
from promptpilot.services.outbox import outbox
from promptpilot.services.steps.claimed import ClaimedStep, StepBusyError
from promptpilot.services.steps.logs import read_claim, read_contents
from promptpilot.services.steps.outcomes import answered
from promptpilot.services.steps.ports import Ports
from promptpilot.services.steps.waiting_tasks import WaitingTask, begin_waiting
from promptpilot.step_errors import StepCancelled

_DECIDED = frozenset({ApprovalStatus.APPROVED, ApprovalStatus.REJECTED})


async def run_approval_step(step: ClaimedStep, ports: Ports) -> ExecutionLog:
    """Ask, and let the step wait; one that is decided already is answered at once."""
    return await ports.offload(_ask, step, ports.table, ports.blobs)


def _ask(step: ClaimedStep, table: Table, blobs: Blobs) -> ExecutionLog:
    fresh = _approval(step, step.config(ApprovalStep, table=table))
    log = step.log.model_copy(
        update={
            "input": fresh.model_dump(mode="json", include={"message", "form", "role", "users"})
        }
    )
    known = load_approval(fresh.workspace, fresh.id, table=table)
    if known is not None and known.approval.status in _DECIDED:
        return answered(log, known.approval.result)
    asks = asking(fresh, known)
    operations = [*asks, outbox(_requested(fresh))] if asks else []
    task = WaitingTask(
        workspace=fresh.workspace,
        execution_id=fresh.execution_id,
        log_id=log.id,
        tokens=(step.job.token,),
        approval=fresh.id,
    )
    try:
        waiting = begin_waiting(step.claimed, log, task, operations, table=table, blobs=blobs)
    except ConditionFailed:
        return _decided_meanwhile(step, table, blobs)
    if not begin_wait(fresh.workspace, fresh.execution_id, table=table):
        close_approvals(fresh.workspace, fresh.execution_id, table=table, blobs=blobs)
        raise StepCancelled(log=log.id)
    return waiting


def _decided_meanwhile(step: ClaimedStep, table: Table, blobs: Blobs) -> ExecutionLog:
    claimed = read_claim(step.job.workspace, step.log.id, table=table)
    if claimed is None or claimed.log.status is not LogStatus.SUCCEEDED:
        raise StepBusyError
    return read_contents(claimed.stored, blobs=blobs)


def _approval(step: ClaimedStep, config: ApprovalStep) -> Approval:
    job = step.job
    begun = from_epoch_ms(step.begun_ms)
    return Approval(
        id=approval_id(job.execution, job),
        workspace=job.workspace,
        execution_id=job.execution,
        workflow_id=job.workflow,
        log_id=step.log.id,
        step=job.step,
        path=job.path,
        iteration=job.iteration,
        message=job.message or "",
        form=config.form,
        role=config.role or (None if config.users else DEFAULT_ROLE),
        users=config.users,
        requested_at=now(),
        expires_at=begun + timedelta(seconds=config.timeout_seconds),
    )


def _requested(approval: Approval) -> Event:
    return Event.of(
        EventType.APPROVAL_REQUESTED,
        workspace=approval.workspace,
        actor="system",
        subject=approval.id,
        execution=approval.execution_id,
        step=approval.step,
    )
