"""Starting executions of workflows, and reading how they stand."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.compiler.inputs import check_input
from promptpilot.domain.base import Model
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.execution import (
    Execution,
    ExecutionStatus,
    Pin,
    check_input_size,
    machine_name,
)
from promptpilot.domain.ids import WorkflowId, new_id
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.workflow import WorkflowVersion
from promptpilot.errors import NotFound, Unavailable
from promptpilot.ports import (
    Blobs,
    Create,
    Index,
    Item,
    Orchestrator,
    Position,
    Table,
    Waiter,
)
from promptpilot.services.execution_totals import totals
from promptpilot.services.outbox import outbox
from promptpilot.services.prompt_versions import resolve_ref
from promptpilot.services.workflow_versions import load_workflow_version, resolve_workflow
from promptpilot.services.workflows import machine_of

KIND = "execution"
SCANNED_PAGES = 10

logger = logging.getLogger(__name__)


class ExecuteRequest(Model):
    """What a user sends to start an execution; without version and label, `production` or else the
    latest.
    """

    input: Mapping[str, Any] = {}
    version: str | None = None
    label: str | None = None


class ExecutionFilters(Model):
    """Which executions a list shows."""

    workflow_id: WorkflowId | None = None
    status: ExecutionStatus | None = None


class ExecutionPage(Model):
    """Executions, newest first; with a status filter a page may hold fewer than asked for."""

    items: tuple[Execution, ...]
    next: Position | None = None


def execute(
    principal: Principal,
    workflow_id: str,
    request: ExecuteRequest,
    *,
    table: Table,
    orchestrator: Orchestrator,
) -> Execution:
    """Start an execution. Every prompt label is pinned to the version it stands for now.

    The record is written first and the start is idempotent, so a crash in between loses nothing:
    the `execution.queued` event makes sure of the start (`ensure_started`). So it does where too
    many are started at once: such an execution stays queued for a while. Raises `NotFound`,
    `DocumentInvalid` for an input that does not fit, `TooLarge`.
    """
    principal.require(Action.WORKFLOW_EXECUTE)
    workspace = principal.workspace
    version = resolve_workflow(
        workspace, workflow_id, version=request.version, label=request.label, table=table
    )
    check_input_size("An execution's input", request.input)
    check_input(version.document, request.input)
    execution = Execution(
        id=new_id("execution"),
        workspace=workspace,
        workflow_id=workflow_id,
        version=version.version,
        pins=_pins(workspace, version, table),
        input=request.input,
        created_by=principal.user,
        created_at=now(),
    )
    event = Event.of(
        EventType.EXECUTION_QUEUED,
        workspace=workspace,
        actor=principal.user,
        subject=execution.id,
        workflow=workflow_id,
        version=version.version,
    )
    table.write([Create(_item(execution)), outbox(event)])
    try:
        _start(execution, version, orchestrator)
    except Unavailable as error:
        logger.warning("execution starts later: %s", error, extra={"execution": execution.id})
    return execution


def _pins(workspace: str, version: WorkflowVersion, table: Table) -> dict[str, Pin]:
    pins = {}
    for path, step in version.prompt_steps.items():
        prompt = resolve_ref(workspace, step.prompt, table=table)
        pins[path] = Pin(prompt_id=prompt.prompt_id, version=prompt.version, digest=prompt.digest)
    return pins


def _start(execution: Execution, version: WorkflowVersion, orchestrator: Orchestrator) -> None:
    envelope = {
        "workspace": execution.workspace,
        "execution": execution.id,
        "workflow": execution.workflow_id,
        "version": execution.version,
        "input": dict(execution.input),
    }
    name = machine_name(execution.workspace, execution.id)
    orchestrator.start(machine_of(version), name, envelope)


def ensure_started(
    workspace: str, execution_id: str, *, table: Table, orchestrator: Orchestrator
) -> None:
    """Start a recorded execution that is still queued; one that was started is left alone."""
    item = table.get(keys.execution(workspace, execution_id))
    if item is None:
        return
    execution = Execution.model_validate_json(item.body)
    if execution.status is ExecutionStatus.QUEUED:
        version = load_workflow_version(
            workspace, execution.workflow_id, execution.version, table=table
        )
        _start(execution, version, orchestrator)


def _item(execution: Execution) -> Item:
    workspace = execution.workspace
    return Item(
        key=keys.execution(workspace, execution.id),
        kind=KIND,
        body=execution.model_dump_json(),
        gsi1=keys.executions(workspace, execution.id),
        gsi2=keys.executions_of(workspace, execution.workflow_id, execution.id),
    )


def get_execution(principal: Principal, id: str, *, table: Table, blobs: Blobs) -> Execution:
    """How an execution stands; of one that runs, what it has used so far. Raises `NotFound`."""
    principal.require(Action.EXECUTION_READ)
    item = table.get(keys.execution(principal.workspace, id))
    if item is None:
        raise NotFound(kind="execution", id=id)
    execution = Execution.model_validate_json(item.body)
    if not execution.status.final:
        so_far = totals(execution.workspace, id, table=table)
        return execution.model_copy(
            update={"usage": so_far.usage, "cost_micro_usd": so_far.cost_micro_usd}
        )
    return _with_output(execution, blobs)


def _with_output(execution: Execution, blobs: Blobs) -> Execution:
    if execution.output_blob is None:
        return execution
    output = json.loads(blobs.get(execution.workspace, execution.output_blob))
    return execution.model_copy(update={"output": output})


def await_execution(
    principal: Principal,
    id: str,
    seconds: float,
    *,
    table: Table,
    blobs: Blobs,
    waiter: Waiter,
) -> Execution:
    """The execution as soon as it has ended, or as it stands after `seconds`."""
    principal.require(Action.EXECUTION_READ)
    key = keys.execution(principal.workspace, id)

    def ended() -> bool:
        item = table.get(key)
        return item is None or Execution.model_validate_json(item.body).status.final

    waiter.wait(id, ended, seconds)
    return get_execution(principal, id, table=table, blobs=blobs)


def list_executions(
    principal: Principal,
    *,
    filters: ExecutionFilters,
    limit: int = 50,
    after: Position | None = None,
    table: Table,
) -> ExecutionPage:
    """Executions in the workspace or of one workflow, newest first. Large outputs are left out."""
    principal.require(Action.EXECUTION_READ)
    if filters.workflow_id is None:
        index, partition = Index.GSI1, keys.executions(principal.workspace).partition
    else:
        partition = keys.executions_of(principal.workspace, filters.workflow_id).partition
        index = Index.GSI2
    found: list[Execution] = []
    for _ in range(SCANNED_PAGES):
        page = table.query(
            partition, index=index, limit=limit - len(found), after=after, descending=True
        )
        executions = (Execution.model_validate_json(item.body) for item in page.items)
        found += [each for each in executions if filters.status in {None, each.status}]
        after = page.next
        if after is None or len(found) >= limit:
            break
    return ExecutionPage(items=tuple(found), next=after)
