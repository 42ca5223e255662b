"""Going on with executions that ended badly, from where they ended.

What succeeded is kept by the state machine, and is not paid for again. The record is changed first:
from then on news of the earlier end are stale, and the `execution.resumed` event makes sure of the
machine. Where the machine then says that it cannot go on, the record gets its end back.
"""

import logging
from datetime import timedelta

from promptpilot.clock import now
from promptpilot.domain.event import EventType
from promptpilot.domain.execution import Execution, ExecutionStatus, Slot, machine_name
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.errors import (
    ConditionFailed,
    Conflict,
    ExecutionIsChild,
    ExecutionLimitReached,
    ExecutionNotEnded,
    ExecutionNotResumable,
    NotFound,
    Unavailable,
)
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Operation, Table
from promptpilot.services.executions.machine import machine_of_execution, require_not_suspended
from promptpilot.services.executions.records import (
    Recorded,
    execution_event,
    find_execution,
    load_execution,
)
from promptpilot.services.executions.slots import in_turn, load_counter, release
from promptpilot.services.executions.status import END_EVENTS
from promptpilot.services.outbox import outbox
from promptpilot.services.workspace_limits import running_limit_now

KEPT = timedelta(days=14)
"""How long after its end an execution can go on: Step Functions' redrive, and the engine too."""

_TICK = timedelta(milliseconds=1)

logger = logging.getLogger(__name__)


def resume(principal: Principal, id: str, *, table: Table, orchestrator: Orchestrator) -> Execution:
    """Go on with an execution that failed, timed out or was cancelled.

    Raises `NotFound`, `ExecutionIsChild`, `ExecutionNotEnded`, `ExecutionNotResumable`,
    `ExecutionLimitReached`, `WorkflowSuspended`.
    """
    principal.require(Action.EXECUTION_CONTROL)
    execution = load_execution(principal.workspace, id, table=table).execution
    if execution.parent is not None:
        raise ExecutionIsChild(parent=execution.parent.execution_id)
    return _resume(execution, principal.user, table, orchestrator)


def resume_child(workspace: str, id: str, *, table: Table, orchestrator: Orchestrator) -> Execution:
    """Go on with an execution that a step began, since its parent does. Raises `NotFound`,
    `ExecutionNotEnded`, `ExecutionNotResumable`, `WorkflowSuspended`.
    """
    execution = load_execution(workspace, id, table=table).execution
    return _resume(execution, execution.created_by, table, orchestrator)


def _resume(execution: Execution, by: str, table: Table, orchestrator: Orchestrator) -> Execution:
    _check(execution)
    require_not_suspended(execution.workspace, execution.workflow_id, table=table)
    if execution.slot is not None:
        release(execution.workspace, execution.id, table=table)
    before, resumed = in_turn(execution.workspace, lambda: _record(execution, by, table))
    try:
        _resume_machine(resumed.execution, table, orchestrator)
    except (NotFound, Conflict) as refused:
        _give_back_end(before, resumed, table)
        raise ExecutionNotResumable from refused
    except Unavailable as error:
        logger.warning("execution goes on later: %s", error, extra={"execution": execution.id})
    return resumed.execution


def _check(execution: Execution) -> None:
    if not execution.status.final:
        raise ExecutionNotEnded
    if execution.status is ExecutionStatus.SUCCEEDED:
        raise ExecutionNotResumable(reason="The execution has succeeded: nothing is left to do.")
    if execution.ended_at is not None and now() - execution.ended_at > KEPT:
        raise ExecutionNotResumable


def _record(execution: Execution, by: str, table: Table) -> tuple[Recorded, Recorded]:
    """The record before, and the one that is written."""
    found = load_execution(execution.workspace, execution.id, table=table)
    _check(found.execution)
    slot, taken = _slot(found.execution, table)
    ended_at = found.execution.ended_at or now()
    resumed = found.changed(
        status=ExecutionStatus.RUNNING,
        resumes=found.execution.resumes + 1,
        resumed_at=max(now(), ended_at + _TICK),
        ended_at=None,
        error=None,
        output=None,
        output_blob=None,
        cancelled_by=None,
        cancel_reason=None,
        slot=slot,
    )
    event = execution_event(
        EventType.EXECUTION_RESUMED,
        resumed.execution,
        actor=by,
        resumes=resumed.execution.resumes,
    )
    table.write([resumed.replace, outbox(event), *taken])
    return found, resumed


def _slot(execution: Execution, table: Table) -> tuple[Slot | None, list[Operation]]:
    """What a resumed execution holds: it takes a free slot, and does not wait for one."""
    if execution.parent is not None:
        return None, []
    limit = running_limit_now(execution.workspace, table=table)
    if limit is None:
        return None, []
    counter = load_counter(execution.workspace, table=table)
    if counter.total >= limit:
        raise ExecutionLimitReached(limit=limit)
    return Slot.HELD, counter.take(execution)


def _give_back_end(before: Recorded, resumed: Recorded, table: Table) -> None:
    """Let the execution have ended as it had."""
    ended = Recorded(resumed.item.next(before.item.body), before.execution)
    event = execution_event(END_EVENTS[before.execution.status], before.execution)
    try:
        table.write([ended.replace, outbox(event)])
    except ConditionFailed:
        logger.warning("changed while it was resumed", extra={"execution": before.execution.id})
    if resumed.execution.slot is not None:
        release(before.execution.workspace, before.execution.id, table=table)


def ensure_resumed(
    workspace: str, id: str, resumes: int, *, table: Table, orchestrator: Orchestrator
) -> None:
    """Let the machine go on of an execution that was recorded as resumed; again is fine. Raises
    `Unavailable`.
    """
    found = find_execution(workspace, id, table=table)
    if found is None or found.execution.status.final or found.execution.resumes != resumes:
        return
    try:
        _resume_machine(found.execution, table, orchestrator)
    except (NotFound, Conflict) as ended:
        logger.info("went on already: %s", ended, extra={"execution": id})


def _resume_machine(execution: Execution, table: Table, orchestrator: Orchestrator) -> None:
    name = machine_name(execution.workspace, execution.id)
    machine = machine_of_execution(execution, table=table)
    orchestrator.resume(machine, name, times=execution.resumes)
