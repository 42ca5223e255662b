"""What follows from the end of an execution, once it is recorded.

All of it may be done again: the news of an end come at least once, and come again where this was
cut short.
"""

from promptpilot.domain.budget import month_of
from promptpilot.domain.execution import Execution, Slot
from promptpilot.domain.progress import progress_subject
from promptpilot.domain.workflow_steps import ApprovalStep
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Table
from promptpilot.ports.waiter import Waiter
from promptpilot.services.executions.approvals import close_approvals
from promptpilot.services.executions.child_executions import cancel_children, child_ended
from promptpilot.services.executions.late_costs import recount
from promptpilot.services.executions.queue import start_next
from promptpilot.services.executions.slots import release
from promptpilot.services.ledger.folding import fold_now_and_then
from promptpilot.services.workflows.versions import load_workflow_version


def close_out(
    execution: Execution,
    *,
    table: Table,
    blobs: Blobs,
    orchestrator: Orchestrator,
    waiter: Waiter,
) -> None:
    """Wake whoever waits for an execution that has ended, end what it left open, tell the execution
    that it is a part of, and let the next one in. Raises `Unavailable`: then it is to be done
    again.
    """
    waiter.announce(execution.id)
    waiter.announce(progress_subject(execution.id))
    workspace, ended = execution.workspace, execution.id
    if _asks(execution, table):
        close_approvals(workspace, ended, table=table, blobs=blobs)
    if execution.workflow_pins:
        cancel_children(workspace, ended, table=table, orchestrator=orchestrator)
    if execution.parent is not None:
        child_ended(execution, table=table, blobs=blobs, orchestrator=orchestrator)
        recount(workspace, execution.parent.execution_id, table=table)
    if execution.costs and execution.ended_at is not None:
        fold_now_and_then(workspace, month_of(execution.ended_at), ended, table=table)
    if execution.slot is Slot.HELD:
        release(workspace, ended, table=table)
    if execution.slot is not None:
        start_next(workspace, table=table, orchestrator=orchestrator)


def _asks(execution: Execution, table: Table) -> bool:
    version = load_workflow_version(
        execution.workspace, execution.workflow_id, execution.version, table=table
    )
    return any(isinstance(step, ApprovalStep) for step in version.steps.values())
