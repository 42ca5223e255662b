"""Starting executions: of workflows that somebody starts, and of those that a step runs.

The record is written first and the start is idempotent, so a crash in between loses nothing: the
`execution.queued` event makes sure of the start (`ensure_started`). So it does where too many are
started at once: such an execution stays queued for a while.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from promptpilot.clock import now
from promptpilot.compiler.inputs import check_input
from promptpilot.domain.base import Model
from promptpilot.domain.event import EventType
from promptpilot.domain.execution import (
    Execution,
    ExecutionStatus,
    Parent,
    Slot,
    WorkflowPin,
    check_input_size,
)
from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.workflow import WorkflowVersion
from promptpilot.errors import ConditionFailed, Unavailable
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Check, Create, Table
from promptpilot.services.executions.children import child_item
from promptpilot.services.executions.machine import (
    is_suspended,
    require_not_suspended,
    start_machine,
    startable_head,
)
from promptpilot.services.executions.pins import pin_prompts, pin_workflows
from promptpilot.services.executions.queue import enqueue, start_next
from promptpilot.services.executions.records import (
    execution_event,
    execution_item,
    find_execution,
    load_execution,
)
from promptpilot.services.executions.run_budgets import with_budget
from promptpilot.services.executions.stop import PARENT_ENDED, request_cancel
from promptpilot.services.outbox import outbox
from promptpilot.services.workflows.versions import load_workflow_version
from promptpilot.services.workspace_limits import running_limit
from promptpilot.telemetry import traceparent

logger = logging.getLogger(__name__)


class ExecuteRequest(Model):
    """What a user sends to start an execution; without version and label, `production` or else the
    latest. With `stream`, what models say is told while they say it.
    """

    input: Mapping[str, Any] = {}
    version: str | None = None
    label: str | None = None
    stream: bool = False


def execute(
    principal: Principal,
    workflow_id: str,
    request: ExecuteRequest,
    *,
    table: Table,
    orchestrator: Orchestrator,
) -> Execution:
    """Start an execution. Every label, of prompts and of workflows, is pinned to the version that
    it stands for now. Raises `NotFound`, `DocumentInvalid` for an input that does not fit,
    `TooLarge`, `WorkflowSuspended`, `Archived`, `Unpublished`.
    """
    principal.require(Action.WORKFLOW_EXECUTE)
    workspace = principal.workspace
    head = startable_head(workspace, workflow_id, table=table)
    picked = head.pick(request.version, request.label)
    version = load_workflow_version(workspace, workflow_id, picked, table=table)
    execution = new_execution(
        version,
        request.input,
        created_by=principal.user,
        table=table,
        stream=request.stream,
    )
    return begin(execution, table=table, orchestrator=orchestrator)


def new_execution(
    version: WorkflowVersion,
    input: Mapping[str, Any],
    *,
    created_by: str,
    table: Table,
    **fields: Any,
) -> Execution:
    """An execution that is not recorded yet, its references pinned; `fields` are others of it.
    Raises `NotFound`, `DocumentInvalid`, `TooLarge`.
    """
    check_input_size("An execution's input", input)
    check_input(version.document, input)
    made: dict[str, Any] = {
        "id": new_id("execution"),
        "workspace": version.workspace,
        "workflow_id": version.workflow_id,
        "version": version.version,
        "pins": pin_prompts(version, table=table),
        "workflow_pins": pin_workflows(version, table=table),
        "input": input,
        "traceparent": traceparent.here(),
        "created_by": created_by,
        "created_at": now(),
        **fields,
    }
    return with_budget(Execution(**made), version)


def begin(execution: Execution, *, table: Table, orchestrator: Orchestrator) -> Execution:
    """Record an execution that somebody starts, and start it; where a limit is set, in its turn."""
    if running_limit(execution.workspace, table=table) is None:
        # The start is durable when it returns, and what was written before it is then too.
        table.write([Create(execution_item(execution)), _queued(execution)], durable=False)
        if not _start_or_later(execution, table, orchestrator):
            with suppress(ConditionFailed):  # the queue was faster, whose start was durable
                table.write([Check(execution_item(execution).key, 1)])
        return execution
    queued = execution.model_copy(update={"slot": Slot.QUEUED})
    table.write([Create(execution_item(queued)), _queued(queued), enqueue(queued)])
    try:
        start_next(queued.workspace, table=table, orchestrator=orchestrator)
    except Unavailable as error:
        logger.warning("queue goes on later: %s", error, extra={"execution": queued.id})
    return load_execution(queued.workspace, queued.id, table=table).execution


def start_child(
    parent: Execution,
    *,
    id: str,
    log: str,
    path: str,
    pin: WorkflowPin,
    input: Mapping[str, Any],
    table: Table,
    orchestrator: Orchestrator,
) -> Execution:
    """Start the execution that a step of `parent` runs, or return the one of that id as it stands.

    It takes no slot, since it runs in its parent's place. Raises `NotFound`, `DocumentInvalid`,
    `TooLarge`, `WorkflowSuspended`.
    """
    there = find_execution(parent.workspace, id, table=table)
    if there is not None:
        child = there.execution
    else:
        require_not_suspended(parent.workspace, pin.workflow_id, table=table)
        version = load_workflow_version(parent.workspace, pin.workflow_id, pin.version, table=table)
        child = new_execution(
            version,
            input,
            created_by=parent.created_by,
            table=table,
            id=id,
            trigger="workflow",
            parent=Parent(execution_id=parent.id, log_id=log, path=path),
            depth=parent.depth + 1,
        )
        child = with_budget(child, version, parent.budgets)
        child = _record_child(child, table)
    if child.status is ExecutionStatus.QUEUED:
        _start_or_later(child, table, orchestrator)
    return child


def _record_child(child: Execution, table: Table) -> Execution:
    """The execution of that id, which another delivery of the step's job may have recorded."""
    try:
        table.write([Create(execution_item(child)), _queued(child), child_item(child)])
    except ConditionFailed:
        return load_execution(child.workspace, child.id, table=table).execution
    return child


def ensure_started(
    workspace: str, execution_id: str, *, table: Table, orchestrator: Orchestrator
) -> None:
    """Start a recorded execution that is still queued, in its turn; one that was started is left
    alone. Raises `Unavailable`.
    """
    found = find_execution(workspace, execution_id, table=table)
    if found is None or found.execution.status is not ExecutionStatus.QUEUED:
        return
    execution = found.execution
    if _is_orphan(execution, table):
        request_cancel(
            workspace,
            execution_id,
            by=execution.created_by,
            reason=PARENT_ENDED,
            table=table,
            orchestrator=orchestrator,
        )
    elif _is_to_park(execution, table):
        _park(execution, table)
    elif execution.slot is not Slot.QUEUED:
        start_machine(execution, table=table, orchestrator=orchestrator)
    if execution.slot is not None:
        start_next(workspace, table=table, orchestrator=orchestrator)


def _is_orphan(execution: Execution, table: Table) -> bool:
    """Whether the execution whose step this one is a part of has ended."""
    if execution.parent is None:
        return False
    parent = find_execution(execution.workspace, execution.parent.execution_id, table=table)
    return parent is None or not parent.execution.takes_steps


def _is_to_park(execution: Execution, table: Table) -> bool:
    """A child is not: it runs in the place of its parent, which waits for it."""
    if execution.slot is not None or execution.parent is not None:
        return False
    return is_suspended(execution.workspace, execution.workflow_id, table=table)


def _park(execution: Execution, table: Table) -> None:
    """Let an execution wait until its suspended workflow goes on."""
    found = load_execution(execution.workspace, execution.id, table=table)
    if found.execution.status is ExecutionStatus.QUEUED and found.execution.slot is None:
        table.write([found.changed(slot=Slot.QUEUED).replace, enqueue(found.execution)])


def _start_or_later(execution: Execution, table: Table, orchestrator: Orchestrator) -> bool:
    """Whether it is started."""
    try:
        start_machine(execution, table=table, orchestrator=orchestrator)
    except Unavailable as error:
        logger.warning("execution starts later: %s", error, extra={"execution": execution.id})
        return False
    return True


def _queued(execution: Execution) -> Create:
    event = execution_event(
        EventType.EXECUTION_QUEUED,
        execution,
        actor=execution.created_by,
        version=execution.version,
    )
    return outbox(event)
