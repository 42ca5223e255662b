"""Carrying a state machine's status over to the execution's record: forward only, once."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from promptpilot import keys
from promptpilot.clock import from_epoch_ms
from promptpilot.domain.base import canonical_json
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.execution import (
    Execution,
    ExecutionError,
    ExecutionStatus,
    parse_machine_name,
)
from promptpilot.domain.workflow_steps import FailStep
from promptpilot.errors import ConditionFailed, StoreUnavailable
from promptpilot.ports import Blobs, Orchestrator, Replace, Table, Waiter
from promptpilot.services.execution_totals import Totals, totals
from promptpilot.services.outbox import outbox
from promptpilot.services.workflow_versions import load_workflow_version

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

_EVENT_TYPES = {
    ExecutionStatus.RUNNING: EventType.EXECUTION_STARTED,
    ExecutionStatus.SUCCEEDED: EventType.EXECUTION_SUCCEEDED,
    ExecutionStatus.FAILED: EventType.EXECUTION_FAILED,
    ExecutionStatus.CANCELLED: EventType.EXECUTION_CANCELLED,
    ExecutionStatus.TIMED_OUT: EventType.EXECUTION_TIMED_OUT,
}
OWN_ERRORS = "States."
"""How the names of a state machine's own errors begin."""

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


def apply_status(change: StatusChange, *, table: Table, blobs: Blobs, waiter: Waiter) -> None:
    """Bring the execution's record up to `change`; older or repeated news change nothing."""
    status = STATUSES.get(change.status)
    workspace, execution_id = parse_machine_name(change.name)
    if status is None:
        return
    for _ in range(_RACES):
        item = table.get(keys.execution(workspace, execution_id))
        if item is None:
            return
        execution = Execution.model_validate_json(item.body)
        if execution.status.final or execution.status is status:
            break
        changed = _changed(execution, status, change, table, blobs)
        event = Event.of(
            _EVENT_TYPES[status],
            workspace=workspace,
            actor="system",
            subject=execution_id,
            workflow=execution.workflow_id,
        )
        try:
            table.write([Replace(item.next(changed.model_dump_json())), outbox(event)])
        except ConditionFailed:
            continue
        break
    else:
        raise StoreUnavailable(reason="The execution's record is contended.")
    if status.final:
        waiter.announce(execution_id)


def _changed(
    execution: Execution, status: ExecutionStatus, change: StatusChange, table: Table, blobs: Blobs
) -> Execution:
    update: dict[str, Any] = {"status": status, "started_at": from_epoch_ms(change.start_date)}
    if status.final:
        sums = totals(execution.workspace, execution.id, table=table)
        update |= {
            "ended_at": from_epoch_ms(change.stop_date or change.start_date),
            "usage": sums.usage,
            "cost_micro_usd": sums.cost_micro_usd,
            "error": _error(execution, status, change, sums, table),
            **_output(execution.workspace, change, blobs),
        }
    return execution.model_copy(update=update)


def _error(
    execution: Execution,
    status: ExecutionStatus,
    change: StatusChange,
    sums: Totals,
    table: Table,
) -> ExecutionError | None:
    if status is ExecutionStatus.SUCCEEDED:
        return None
    name = change.error or ("States.Timeout" if status is ExecutionStatus.TIMED_OUT else "Aborted")
    step = None
    if status is ExecutionStatus.FAILED:
        step = _step_that_failed(execution, name, sums, table)
    return ExecutionError(name=name, message=change.cause or "", step=step)


def _step_that_failed(execution: Execution, error: str, sums: Totals, table: Table) -> str | None:
    """The status does not name the step: it is the one whose log has the error, or else the
    workflow's `fail` step where it has just one. The state machine's own errors come from neither.
    """
    failed = sums.last_failed
    if failed is not None and failed.error is not None and failed.error.name == error:
        return failed.step
    if error.startswith(OWN_ERRORS):
        return None
    version = load_workflow_version(
        execution.workspace, execution.workflow_id, execution.version, table=table
    )
    fails = [step.id for step in version.steps.values() if isinstance(step, FailStep)]
    return fails[0] if len(fails) == 1 else None


def _output(workspace: str, change: StatusChange, blobs: Blobs) -> dict[str, Any]:
    if change.output is None:
        return {}
    if len(change.output.encode()) <= INLINE_OUTPUT_BYTES:
        return {"output": json.loads(change.output)}
    output = canonical_json(json.loads(change.output))
    return {"output_blob": blobs.put(workspace, output.encode())}
