"""Going on with the execution of a step whose own execution was resumed.

What that execution has done is not done again: it is resumed as well, where it ended badly, and its
output is taken, where the step had not got it yet. Its id is not recorded with the step any more,
but it is one of a few that can be computed.
"""

from itertools import islice, product

from promptpilot import keys
from promptpilot.domain.execution import Execution, ExecutionStatus
from promptpilot.domain.step_job import WorkflowStepJob
from promptpilot.domain.workflow_steps import WorkflowStep
from promptpilot.errors import ExecutionNotResumable, Unavailable
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Table
from promptpilot.services.executions.child_executions import child_execution_id
from promptpilot.services.executions.records import recorded
from promptpilot.services.executions.resume import resume_child
from promptpilot.services.steps.claimed import ClaimedStep

MAX_LOOKED_AT = 100


def resumed_child(
    step: ClaimedStep, *, table: Table, orchestrator: Orchestrator
) -> Execution | None:
    """The execution that the step ran before its own was resumed, which goes on; None where there
    is none that can.

    Raises `Unavailable` for one that is being stopped still, `WorkflowSuspended`.
    """
    resumed_at = step.execution.resumed_at
    if resumed_at is None or step.job.attempt > 0:
        return None
    last = _last(step, table)
    if last is None or last.status is ExecutionStatus.SUCCEEDED:
        return last
    if last.resumed_at is not None and last.resumed_at >= resumed_at:
        return last
    if not last.status.final:
        raise Unavailable(reason="The execution that the step ran has not stopped yet.")
    try:
        return resume_child(last.workspace, last.id, table=table, orchestrator=orchestrator)
    except ExecutionNotResumable:
        return None


def _last(step: ClaimedStep, table: Table) -> Execution | None:
    """The newest execution of the step's earlier runs."""
    job, execution = step.job, step.execution
    tries = step.config(WorkflowStep, table=table).retry.attempts
    runs = product(reversed(range(execution.resumes)), reversed(range(min(tries, MAX_LOOKED_AT))))
    found = table.get_many(
        [
            keys.execution(execution.workspace, _id(job, execution, resumes, attempt))
            for resumes, attempt in islice(runs, MAX_LOOKED_AT)
        ]
    )
    return next((recorded(item).execution for item in found if item is not None), None)


def _id(job: WorkflowStepJob, execution: Execution, resumes: int, attempt: int) -> str:
    return child_execution_id(
        job.model_copy(update={"attempt": attempt}),
        execution.model_copy(update={"resumes": resumes}),
    )
