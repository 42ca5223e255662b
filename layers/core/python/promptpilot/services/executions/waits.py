"""Whether an execution waits for people: its status, as far as approvals make it."""

from promptpilot.clock import now
from promptpilot.domain.approval import ApprovalStatus
from promptpilot.domain.event import EventType
from promptpilot.domain.execution import ExecutionStatus
from promptpilot.errors import ConditionFailed, StoreUnavailable
from promptpilot.ports.table import Operation, Table
from promptpilot.services.executions.approval_records import load_approval
from promptpilot.services.executions.records import Recorded, execution_event, find_execution
from promptpilot.services.outbox import outbox
from promptpilot.services.steps.waiting_tasks import waiting_tasks

_RACES = 5
_UNDER_WAY = frozenset({ExecutionStatus.QUEUED, ExecutionStatus.RUNNING})


def begin_wait(workspace: str, execution: str, *, table: Table) -> bool:
    """The execution waits for somebody now. False where it has ended, or is not there.

    That it runs may not have been told yet; then it has started now.
    """
    return _move(workspace, execution, _UNDER_WAY, ExecutionStatus.WAITING, table)


def end_wait(workspace: str, execution: str, *, table: Table) -> None:
    """The execution runs again, unless it still waits for somebody."""
    if waits(workspace, execution, table=table):
        return
    waiting = frozenset({ExecutionStatus.WAITING})
    _move(workspace, execution, waiting, ExecutionStatus.RUNNING, table)
    if waits(workspace, execution, table=table):  # asked in between, when it was waiting anyway
        begin_wait(workspace, execution, table=table)


def waits(workspace: str, execution: str, *, table: Table) -> bool:
    """Whether any approval of the execution is pending."""
    return any(
        _is_pending(workspace, task.approval, table)
        for task in waiting_tasks(workspace, execution, table=table)
        if task.approval is not None
    )


def _is_pending(workspace: str, approval: str, table: Table) -> bool:
    found = load_approval(workspace, approval, table=table)
    return found is not None and found.approval.as_of(now()).status is ApprovalStatus.PENDING


def _move(
    workspace: str,
    id: str,
    before: frozenset[ExecutionStatus],
    after: ExecutionStatus,
    table: Table,
) -> bool:
    for _ in range(_RACES):
        found = find_execution(workspace, id, table=table)
        if found is None:
            return False
        if found.execution.status not in before:
            return not found.execution.status.final
        try:
            table.write(_changes(found, after))
        except ConditionFailed:
            continue
        return True
    raise StoreUnavailable(reason="The execution's record is contended.")


def _changes(found: Recorded, after: ExecutionStatus) -> list[Operation]:
    execution = found.execution
    if execution.status is not ExecutionStatus.QUEUED:
        return [found.changed(status=after).replace]
    started = execution_event(EventType.EXECUTION_STARTED, execution)
    return [found.changed(status=after, started_at=now()).replace, outbox(started)]
