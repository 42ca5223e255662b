"""What a step job begins with: its execution, and the log that is to be filled."""

from promptpilot.clock import now
from promptpilot.domain.execution import Execution, ExecutionLog, log_id
from promptpilot.domain.step_job import PromptRunJob, WorkflowStepJob
from promptpilot.ports.table import Table
from promptpilot.services.executions.records import find_execution


def execution_of(job: WorkflowStepJob, table: Table) -> Execution | None:
    """The execution that the job belongs to; None where there is none any more."""
    found = find_execution(job.workspace, job.execution, table=table)
    return None if found is None else found.execution


def workflow_step_log(job: WorkflowStepJob, execution: Execution) -> ExecutionLog:
    """The log that the job begins. A replay may have another version of a step's prompt."""
    pin = execution.pins.get(job.path)
    override = execution.overrides.get(job.step)
    chosen = override.prompt_version if override else None
    return ExecutionLog(
        id=log_id(job.execution, job),
        workspace=job.workspace,
        execution_id=job.execution,
        workflow_id=job.workflow,
        kind=job.kind,
        prompt_id=pin.prompt_id if pin else None,
        prompt_version=(chosen or pin.version) if pin else None,
        step=job.step,
        path=job.path,
        iteration=job.iteration,
        attempt=job.attempt + 1,
        started_at=now(),
    )


def prompt_run_log(job: PromptRunJob) -> ExecutionLog:
    """The log that the run of a prompt begins with."""
    return ExecutionLog(
        id=job.log,
        workspace=job.workspace,
        prompt_id=job.prompt,
        prompt_version=job.version,
        step="run",
        path="run",
        started_at=now(),
    )
