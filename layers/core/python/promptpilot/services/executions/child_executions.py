"""Executions that a step of another one runs: what becomes of the step when they end, and of them
when its execution ends.
"""

from contextlib import suppress

from promptpilot.domain.execution import (
    Execution,
    ExecutionLog,
    ExecutionStatus,
    LogStatus,
)
from promptpilot.domain.ids import derived_id
from promptpilot.domain.step_job import WorkflowStepJob
from promptpilot.errors import ConditionFailed, ExecutionEnded, StoreUnavailable
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Table
from promptpilot.services.executions.children import all_children
from promptpilot.services.executions.records import output_of
from promptpilot.services.executions.stop import PARENT_ENDED, request_cancel
from promptpilot.services.steps.logs import Claimed, read_claim, read_contents
from promptpilot.services.steps.outcomes import answered, failed
from promptpilot.services.steps.waiting_tasks import ending, tell_waiting
from promptpilot.step_errors import ChildFailed

_RACES = 5


def child_execution_id(job: WorkflowStepJob, execution: Execution) -> str:
    """The id of the execution that a try of a step runs: computed, so that starting is idempotent.

    An execution that is resumed counts its tries from the beginning, so how often it was is a part.
    """
    attempt = f"{execution.resumes}.{job.attempt}"
    return derived_id("execution", job.execution, job.path, job.iteration or "", attempt)


def child_ended(
    execution: Execution, *, table: Table, blobs: Blobs, orchestrator: Orchestrator
) -> None:
    """Record the end of an execution on the step that began it, and tell that step's state machine.

    To be called after the end is recorded on the execution itself, and again whenever its news are
    repeated: what is done already is not done twice. One that no step began, or whose step has
    begun another since, changes nothing. Raises `Unavailable`: then it is to be called again.
    """
    parent = execution.parent
    if parent is None or not execution.status.final:
        return
    for _ in range(_RACES):
        claimed = read_claim(execution.workspace, parent.log_id, table=table)
        if claimed is None or claimed.log.child != execution.id:
            return
        if claimed.log.status is not LogStatus.WAITING or _record(claimed, execution, table, blobs):
            break
    else:
        raise StoreUnavailable(reason="The step's log is contended.")
    tell_waiting(
        execution.workspace, parent.log_id, table=table, blobs=blobs, orchestrator=orchestrator
    )


def cancel_children(
    workspace: str, execution: str, *, table: Table, orchestrator: Orchestrator
) -> None:
    """Stop every execution that a step of this one, which has ended, still runs. Again is fine.
    Raises `Unavailable`: then it is to be called again.
    """
    for child in all_children(workspace, execution, table=table):
        if not child.status.final:
            _cancel(child, table, orchestrator)


def _cancel(child: Execution, table: Table, orchestrator: Orchestrator) -> None:
    with suppress(ExecutionEnded):
        request_cancel(
            child.workspace,
            child.id,
            by=child.created_by,
            reason=PARENT_ENDED,
            table=table,
            orchestrator=orchestrator,
        )


def with_child(log: ExecutionLog, child: Execution, *, blobs: Blobs) -> ExecutionLog:
    """The log of the step as the end of its execution makes it. Tokens are the child's; so is the
    cost, with that of the executions that earlier tries ran.
    """
    cost = cost_with_child(log, child)
    if child.status is ExecutionStatus.SUCCEEDED:
        return answered(
            log,
            output_of(child, blobs=blobs),
            usage=child.usage,
            cost_micro_usd=cost,
        )
    spent = {"usage": child.usage, "cost_micro_usd": cost}
    error = ChildFailed(reason=_reason(child), child=child.id, log=log.id)
    return failed(log.model_copy(update=spent), error)


def cost_with_child(log: ExecutionLog, child: Execution) -> int | None:
    """What a step has cost that `child` was run for. One that went on, since its parent did, may
    have been an earlier try's too.
    """
    earlier = [cost for each, cost in log.earlier_children.items() if each != child.id]
    costs = [cost for cost in (child.cost_micro_usd, *earlier) if cost is not None]
    return sum(costs) if len(costs) > len(earlier) else None


def _record(claimed: Claimed, child: Execution, table: Table, blobs: Blobs) -> bool:
    """False where the log has changed meanwhile."""
    log = with_child(read_contents(claimed.stored, blobs=blobs), child, blobs=blobs)
    try:
        table.write(ending(claimed, log, blobs=blobs))
    except ConditionFailed:
        return False
    return True


def _reason(child: Execution) -> str:
    if child.error is None:
        return f"The execution {child.id} ended as {child.status}."
    why = f"{child.error.name}: {child.error.message}".rstrip(": ")
    return f"The execution {child.id} ended as {child.status}: {why}"
