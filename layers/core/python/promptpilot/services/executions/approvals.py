"""Approvals: reading them, deciding them, and closing those that nobody can decide any more.

A decision is recorded in one transaction on the approval and on the log of its step; the state
machine is told after that. Should this process die in between, the `approval.decided` event tells
it (`settle_approval`), or the step's job when it comes again.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from promptpilot.clock import now
from promptpilot.domain.approval import OUTCOMES, Approval, ApprovalStatus, Decision
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.execution import LogStatus
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.errors import ConditionFailed, Conflict, NotFound, StoreUnavailable, Unavailable
from promptpilot.keys import waiting
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Delete, Operation, Table
from promptpilot.services.executions.approval_access import check_may_decide
from promptpilot.services.executions.approval_forms import check_form
from promptpilot.services.executions.approval_records import ApprovalRecord, load_approval
from promptpilot.services.executions.records import find_execution
from promptpilot.services.executions.waits import end_wait
from promptpilot.services.outbox import outbox
from promptpilot.services.steps.logs import Claimed, read_claim, read_contents
from promptpilot.services.steps.outcomes import answered, failed
from promptpilot.services.steps.waiting_tasks import (
    WaitingTask,
    ending,
    tell_waiting,
    waiting_tasks,
)
from promptpilot.step_errors import ApprovalTimedOut, StepCancelled

CLOCK_SLACK = timedelta(seconds=2)
"""The state's time begins a little before its job does: what an execution leaves open so shortly
before its time is over has expired, and was not cancelled.
"""
_RACES = 5

logger = logging.getLogger(__name__)


def get_approval(principal: Principal, id: str, *, table: Table) -> Approval:
    """An approval as it stands now. Raises `NotFound`."""
    principal.require(Action.APPROVAL_READ)
    return _load(principal.workspace, id, table).approval.as_of(now())


def decide_approval(
    principal: Principal,
    id: str,
    decision: Decision,
    *,
    table: Table,
    blobs: Blobs,
    orchestrator: Orchestrator,
) -> Approval:
    """Decide, and let the execution go on. The same decision by the same user again changes
    nothing.

    Raises `NotFound`, `Forbidden` for somebody who may not, `Conflict` where it is decided,
    expired or cancelled, `DocumentInvalid` for a form that does not fit, with every problem.
    """
    principal.require(Action.APPROVAL_DECIDE)
    for _ in range(_RACES):
        record = _load(principal.workspace, id, table)
        check_may_decide(principal, record.approval, table=table)
        if not _is_repeated(principal, record.approval, decision):
            try:
                record = _decide(principal, record, decision, table, blobs)
            except ConditionFailed:
                continue
        _tell_patiently(record.approval, table, blobs, orchestrator)
        return record.approval
    raise StoreUnavailable(reason="The approval is contended.")


def settle_approval(
    workspace: str, id: str, *, table: Table, blobs: Blobs, orchestrator: Orchestrator
) -> None:
    """See to it that the state machine of a decided approval knows: what `approval.decided` is for.
    Again is fine. Raises `Unavailable`.
    """
    record = load_approval(workspace, id, table=table)
    if record is not None:
        _tell(record.approval, table, blobs, orchestrator)


def close_approvals(workspace: str, execution: str, *, table: Table, blobs: Blobs) -> None:
    """End what an ended execution still asks: nobody waits for an answer. Its state machine is told
    nothing. One that was resumed since is left alone. Again is fine. Raises `StoreUnavailable`.
    """
    found = find_execution(workspace, execution, table=table)
    if found is not None and not found.execution.status.final:
        return
    for task in list(waiting_tasks(workspace, execution, table=table)):
        if task.approval is not None:
            _close(task, task.approval, table, blobs, overdue_only=False)


def expire_approvals(workspace: str, execution: str, *, table: Table, blobs: Blobs) -> None:
    """End what an execution asked and nobody answered in time, so that it does not pass for waiting
    when its state machine has gone on. Again is fine.
    """
    for task in list(waiting_tasks(workspace, execution, table=table)):
        if task.approval is not None:
            _close(task, task.approval, table, blobs, overdue_only=True)
    end_wait(workspace, execution, table=table)


def first_unanswered(workspace: str, execution: str, *, table: Table) -> str | None:
    """The id of the step whose approval expires first of those that an execution waits for."""
    records = [
        load_approval(workspace, task.approval, table=table)
        for task in waiting_tasks(workspace, execution, table=table)
        if task.approval is not None
    ]
    asked = [record.approval for record in records if record is not None]
    return min(asked, key=lambda each: each.expires_at).step if asked else None


def _load(workspace: str, id: str, table: Table) -> ApprovalRecord:
    record = load_approval(workspace, id, table=table)
    if record is None:
        raise NotFound(kind="approval", id=id)
    return record


def _is_repeated(principal: Principal, approval: Approval, decision: Decision) -> bool:
    """Whether this user has decided just so already. Raises `Conflict` where nothing can be decided
    any more.
    """
    status = approval.as_of(now()).status
    if status is ApprovalStatus.PENDING:
        return False
    if status is OUTCOMES[decision.decision] and approval.decided_by == principal.user:
        return True
    raise Conflict(reason=f"The approval is not pending any more: it is {status}.")


def _decide(
    principal: Principal, record: ApprovalRecord, decision: Decision, table: Table, blobs: Blobs
) -> ApprovalRecord:
    approval = record.approval
    update = {
        "status": OUTCOMES[decision.decision],
        "decided_by": principal.user,
        "decided_at": now(),
        "comment": decision.comment,
        "form_values": check_form(approval, decision),
    }
    decided = approval.model_copy(update=update)
    claimed = _open_log(approval, table)
    if claimed is None:
        raise Conflict(reason="The step does not wait for this approval any more.")
    event = Event.of(
        EventType.APPROVAL_DECIDED,
        workspace=approval.workspace,
        actor=principal.user,
        subject=approval.id,
        execution=approval.execution_id,
        decision=decided.status,
    )
    log = answered(read_contents(claimed.stored, blobs=blobs), decided.result)
    change = record.change(decided)
    table.write([change, *ending(claimed, log, blobs=blobs), outbox(event)])
    return ApprovalRecord(decided, change.item)


def _open_log(approval: Approval, table: Table) -> Claimed | None:
    """The log of the step, where it has not ended otherwise."""
    claimed = read_claim(approval.workspace, approval.log_id, table=table)
    return None if claimed is None or claimed.log.status.final else claimed


def _tell_patiently(
    approval: Approval, table: Table, blobs: Blobs, orchestrator: Orchestrator
) -> None:
    """The decision stands whoever can be told of it now; `approval.decided` tells it again."""
    try:
        _tell(approval, table, blobs, orchestrator)
    except Unavailable as error:
        logger.warning("a decision is told later: %s", error, extra={"approval": approval.id})


def _tell(approval: Approval, table: Table, blobs: Blobs, orchestrator: Orchestrator) -> None:
    workspace = approval.workspace
    end_wait(workspace, approval.execution_id, table=table)
    tell_waiting(workspace, approval.log_id, table=table, blobs=blobs, orchestrator=orchestrator)


def _close(
    task: WaitingTask, approval: str, table: Table, blobs: Blobs, *, overdue_only: bool
) -> None:
    for _ in range(_RACES):
        record = load_approval(task.workspace, approval, table=table)
        claimed = read_claim(task.workspace, task.log_id, table=table)
        if record is None or claimed is None:
            return
        slack = timedelta() if overdue_only else CLOCK_SLACK
        overdue = record.approval.as_of(now() + slack).status is ApprovalStatus.EXPIRED
        # A worker that has the step again may ask for longer; nobody does once the execution ended.
        if overdue_only and not (overdue and claimed.log.status is LogStatus.WAITING):
            return
        if record.approval.status is not ApprovalStatus.PENDING:
            return
        closed = ApprovalStatus.EXPIRED if overdue else ApprovalStatus.CANCELLED
        change = record.change(record.approval.model_copy(update={"status": closed}))
        gone = Delete(waiting(task.workspace, task.log_id))
        try:
            table.write([change, *_end_unanswered(claimed, blobs, overdue=overdue), gone])
        except ConditionFailed:
            continue
        return
    raise StoreUnavailable(reason="An approval is contended.")


def _end_unanswered(claimed: Claimed, blobs: Blobs, *, overdue: bool) -> Sequence[Operation]:
    """The operations that end the step; none where it has ended otherwise: was given up, say."""
    if claimed.log.status.final:
        return ()
    error = ApprovalTimedOut() if overdue else StepCancelled()
    log = failed(read_contents(claimed.stored, blobs=blobs), error)
    return ending(claimed, log, blobs=blobs)
