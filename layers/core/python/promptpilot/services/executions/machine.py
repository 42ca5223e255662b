"""An execution's state machine: which one it is, starting it, stopping it."""

from promptpilot.domain.execution import Execution, machine_name
from promptpilot.domain.workflow import Workflow
from promptpilot.errors import WorkflowSuspended
from promptpilot.ports.orchestrator import Machine, Orchestrator
from promptpilot.ports.table import Table
from promptpilot.services.heads import Head
from promptpilot.services.workflows.versions import (
    WORKFLOWS,
    load_workflow_version,
    machine_of,
    require_in_use,
)

CANCELLED = "Cancelled"
"""The name of the error that a cancelled execution ends with."""


def machine_of_execution(execution: Execution, *, table: Table) -> Machine:
    """The state machine that an execution runs."""
    version = load_workflow_version(
        execution.workspace, execution.workflow_id, execution.version, table=table
    )
    return machine_of(version)


def start_machine(execution: Execution, *, table: Table, orchestrator: Orchestrator) -> None:
    """Start an execution that is recorded; again is fine. Raises `Unavailable`."""
    envelope = {
        "workspace": execution.workspace,
        "execution": execution.id,
        "workflow": execution.workflow_id,
        "version": execution.version,
        "input": dict(execution.input),
    }
    name = machine_name(execution.workspace, execution.id)
    orchestrator.start(machine_of_execution(execution, table=table), name, envelope)


def stop_machine(
    execution: Execution, reason: str, *, table: Table, orchestrator: Orchestrator
) -> None:
    """Stop an execution's machine: no state of it is entered any more. Again is fine."""
    name = machine_name(execution.workspace, execution.id)
    machine = machine_of_execution(execution, table=table)
    orchestrator.stop(machine, name, error=CANCELLED, cause=reason)


def startable_head(workspace: str, workflow: str, *, table: Table) -> Head[Workflow]:
    """The head of a workflow that may run. Raises `NotFound`, `Archived`, `WorkflowSuspended`."""
    head = WORKFLOWS.load(workspace, workflow, table=table)
    require_in_use(head.subject)
    if head.subject.suspended is not None:
        raise WorkflowSuspended(workflow=workflow)
    return head


def is_suspended(workspace: str, workflow: str, *, table: Table) -> bool:
    """Whether nothing of a workflow may start for now."""
    return WORKFLOWS.load(workspace, workflow, table=table).subject.suspended is not None


def require_not_suspended(workspace: str, workflow: str, *, table: Table) -> None:
    """Raise `WorkflowSuspended`, or `NotFound`, unless executions of the workflow may start."""
    if is_suspended(workspace, workflow, table=table):
        raise WorkflowSuspended(workflow=workflow)
