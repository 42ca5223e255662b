"""Carrying a state machine's status over to the execution's record: forward only, once."""

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from promptpilot.clock import from_epoch_ms
from promptpilot.domain.base import canonical_json
from promptpilot.domain.event import EventType
from promptpilot.domain.execution import (
    Execution,
    ExecutionError,
    ExecutionStatus,
    parse_machine_name,
)
from promptpilot.errors import ConditionFailed, StoreUnavailable
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Operation, Table
from promptpilot.ports.waiter import Waiter
from promptpilot.services.executions.end import close_out
from promptpilot.services.executions.failures import step_that_failed
from promptpilot.services.executions.machine import stop_machine
from promptpilot.services.executions.records import execution_event, find_execution
from promptpilot.services.executions.stop import NO_REASON
from promptpilot.services.executions.totals import entered, totals
from promptpilot.services.outbox import outbox
from promptpilot.telemetry.model_spans import tell_execution

INLINE_OUTPUT_BYTES = 100_000
"""A larger output is kept in `Blobs`: input and output together would not fit an item."""

STATUSES = {
    "RUNNING": ExecutionStatus.RUNNING,
    "SUCCEEDED": ExecutionStatus.SUCCEEDED,
    "FAILED": ExecutionStatus.FAILED,
    "ABORTED": ExecutionStatus.CANCELLED,
    "TIMED_OUT": ExecutionStatus.TIMED_OUT,
}
"""Step Functions' statuses, and ours."""

END_EVENTS = {
    ExecutionStatus.SUCCEEDED: EventType.EXECUTION_SUCCEEDED,
    ExecutionStatus.FAILED: EventType.EXECUTION_FAILED,
    ExecutionStatus.CANCELLED: EventType.EXECUTION_CANCELLED,
    ExecutionStatus.TIMED_OUT: EventType.EXECUTION_TIMED_OUT,
}
_EVENTS = {ExecutionStatus.RUNNING: EventType.EXECUTION_STARTED, **END_EVENTS}

_RACES = 5


class OutputDetails(BaseModel):
    """Whether an event carries the output: one that is too large for an event is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    included: bool = True


class StatusChange(BaseModel):
    """The `detail` of EventBridge's "Step Functions Execution Status Change"; times in epoch ms."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    execution_arn: Annotated[str, Field(alias="executionArn")] = ""
    name: str
    status: str
    start_date: Annotated[int, Field(alias="startDate")]
    stop_date: Annotated[int | None, Field(alias="stopDate")] = None
    redrive_count: Annotated[int | None, Field(alias="redriveCount")] = None
    output: str | None = None
    output_details: Annotated[OutputDetails | None, Field(alias="outputDetails")] = None
    error: str | None = None
    cause: str | None = None


def complete(change: StatusChange, *, orchestrator: Orchestrator) -> StatusChange:
    """The change with the output that the event had no room for (EventBridge's limit of an event is
    256 KiB, input included).
    """
    if change.output_details is None or change.output_details.included:
        return change
    return change.model_copy(update={"output": orchestrator.output(change.execution_arn)})


def apply_status(
    change: StatusChange,
    *,
    table: Table,
    blobs: Blobs,
    waiter: Waiter,
    orchestrator: Orchestrator,
) -> None:
    """Bring the execution's record up to `change`; older or repeated news change nothing.

    What follows from an end is done each time that it is told, since the first time may have been
    cut short. Raises `Unavailable`: then it is to be told again.
    """
    status = STATUSES.get(change.status)
    workspace, execution_id = parse_machine_name(change.name)
    if status is None:
        return
    execution = _record(
        workspace,
        execution_id,
        status,
        change,
        table=table,
        blobs=blobs,
        orchestrator=orchestrator,
    )
    if execution is None:
        return
    if status.final and execution.status is status:
        close_out(execution, table=table, blobs=blobs, orchestrator=orchestrator, waiter=waiter)
    elif status is ExecutionStatus.RUNNING and _is_unwanted(execution):
        # Somebody cancelled it between its record and its start.
        stop_machine(execution, NO_REASON, table=table, orchestrator=orchestrator)


def _is_unwanted(execution: Execution) -> bool:
    return execution.cancelled_by is not None and execution.status is not ExecutionStatus.SUCCEEDED


def _record(
    workspace: str,
    id: str,
    status: ExecutionStatus,
    change: StatusChange,
    *,
    table: Table,
    blobs: Blobs,
    orchestrator: Orchestrator,
) -> Execution | None:
    """The execution as it stands with the news; None where there is none."""
    for _ in range(_RACES):
        found = find_execution(workspace, id, table=table)
        if found is None or not _is_news(found.execution, status, change):
            return None if found is None else found.execution
        update = _update(found.execution, status, change, table, blobs, orchestrator)
        spent: list[Operation] = []
        if status.final:
            sums = totals(workspace, id, table=table)
            update |= sums.fields()
            spent = entered(found.execution, sums, _end(change), found.item.revision + 1)
        changed = found.changed(**update)
        event = execution_event(_EVENTS[status], found.execution)
        try:
            table.write([changed.replace, outbox(event), *spent])
        except ConditionFailed:
            continue
        if status.final:
            tell_execution(changed.execution)
        return changed.execution
    raise StoreUnavailable(reason="The execution's record is contended.")


def _is_news(execution: Execution, status: ExecutionStatus, change: StatusChange) -> bool:
    """That it runs is news of a queued one alone: it may wait by then. The end of what was before
    it was resumed is none: the count of resumptions tells, and where there is none, the clocks.
    """
    if execution.status.final:
        return False
    if not status.final:
        return execution.status is ExecutionStatus.QUEUED
    if change.redrive_count is not None:
        return change.redrive_count >= execution.resumes
    resumed_at = execution.resumed_at
    return resumed_at is None or _end(change) >= resumed_at


def _end(change: StatusChange) -> datetime:
    return from_epoch_ms(change.stop_date or change.start_date)


def _update(
    execution: Execution,
    status: ExecutionStatus,
    change: StatusChange,
    table: Table,
    blobs: Blobs,
    orchestrator: Orchestrator,
) -> dict[str, Any]:
    started_at = execution.started_at or from_epoch_ms(change.start_date)
    update: dict[str, Any] = {"status": status, "started_at": started_at}
    if status.final:
        update |= {
            "ended_at": _end(change),
            "error": _error(execution, status, change, table, orchestrator),
            **_output(execution.workspace, change, blobs),
        }
    return update


def _error(
    execution: Execution,
    status: ExecutionStatus,
    change: StatusChange,
    table: Table,
    orchestrator: Orchestrator,
) -> ExecutionError | None:
    if status is ExecutionStatus.SUCCEEDED:
        return None
    name = change.error or ("States.Timeout" if status is ExecutionStatus.TIMED_OUT else "Aborted")
    step = None
    if status is ExecutionStatus.FAILED:
        step = step_that_failed(execution, name, table=table, orchestrator=orchestrator)
    return ExecutionError(name=name, message=change.cause or "", step=step)


def _output(workspace: str, change: StatusChange, blobs: Blobs) -> dict[str, Any]:
    if change.output is None:
        return {}
    if len(change.output.encode()) <= INLINE_OUTPUT_BYTES:
        return {"output": json.loads(change.output)}
    output = canonical_json(json.loads(change.output))
    return {"output_blob": blobs.put(workspace, output.encode())}
