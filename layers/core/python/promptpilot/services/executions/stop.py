"""Asking for the end of an execution, whoever asks.

One that has not begun ends at once. Of one that runs it is recorded first that somebody asked,
from when on no step starts, and then its state machine is stopped; the end comes with the machine's
status. The event of the asking makes sure of the stop.
"""

from collections.abc import Sequence

from promptpilot.clock import now
from promptpilot.domain.event import EventType
from promptpilot.domain.execution import Execution, ExecutionError, ExecutionStatus, Slot
from promptpilot.errors import ConditionFailed, ExecutionEnded, StoreUnavailable
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Operation, Table
from promptpilot.services.executions.machine import CANCELLED, stop_machine
from promptpilot.services.executions.queue import dequeue
from promptpilot.services.executions.records import (
    Recorded,
    execution_event,
    find_execution,
    load_execution,
)
from promptpilot.services.executions.totals import entered, totals
from promptpilot.services.outbox import outbox

RACES = 5
NO_REASON = "Somebody cancelled it."
PARENT_ENDED = "The execution that it is a part of has ended."


def request_cancel(
    workspace: str,
    id: str,
    *,
    by: str,
    reason: str | None = None,
    table: Table,
    orchestrator: Orchestrator,
) -> Execution:
    """Ask, as the user `by`, for the end of an execution; returns it as it then stands. One that is
    cancelled already stays as it is.

    Raises `NotFound`, `ExecutionEnded` for one that ended otherwise, `Unavailable`.
    """
    for _ in range(RACES):
        found = load_execution(workspace, id, table=table)
        status = found.execution.status
        if status is ExecutionStatus.CANCELLED:
            return found.execution
        if status.final:
            raise ExecutionEnded(ended_as=status)
        changed, operations = _asked(found, by, reason or NO_REASON, table)
        try:
            table.write(operations)
        except ConditionFailed:
            continue
        stop_machine(changed.execution, reason or NO_REASON, table=table, orchestrator=orchestrator)
        return changed.execution
    raise StoreUnavailable(reason="The execution's record is contended.")


def _asked(
    found: Recorded, by: str, reason: str, table: Table
) -> tuple[Recorded, Sequence[Operation]]:
    execution = found.execution
    if execution.status is not ExecutionStatus.QUEUED:
        if execution.cancelled_by is not None:
            return found, ()
        asked = found.changed(cancelled_by=by, cancel_reason=reason)
        event = execution_event(EventType.EXECUTION_CANCEL_REQUESTED, execution, actor=by)
        return asked, (asked.replace, outbox(event))
    sums = totals(execution.workspace, execution.id, table=table)
    ended_at = now()
    ended = found.changed(
        status=ExecutionStatus.CANCELLED,
        cancelled_by=by,
        cancel_reason=reason,
        ended_at=ended_at,
        error=ExecutionError(name=CANCELLED, message=reason),
        **sums.fields(),
    )
    out = [dequeue(execution)] if execution.slot is Slot.QUEUED else []
    event = execution_event(EventType.EXECUTION_CANCELLED, execution, actor=by)
    spent = entered(execution, sums, ended_at, ended.item.revision)
    return ended, (ended.replace, outbox(event), *out, *spent)


def ensure_stopped(workspace: str, id: str, *, table: Table, orchestrator: Orchestrator) -> None:
    """Stop an execution whose end was asked for, and that has not come yet."""
    found = find_execution(workspace, id, table=table)
    if found is None or found.execution.status.final or found.execution.cancelled_by is None:
        return
    reason = found.execution.cancel_reason or NO_REASON
    stop_machine(found.execution, reason, table=table, orchestrator=orchestrator)
