"""Ending what waits for a step job that was given up: delivered often enough, each time in vain.

A job whose result stands is not failed: where only the telling failed each time, it is told now.
"""

from promptpilot import keys
from promptpilot.domain.execution import ExecutionLog, LogStatus, log_id
from promptpilot.domain.progress import progress_subject
from promptpilot.domain.step_job import PromptRunJob, WorkflowStepJob
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Table
from promptpilot.ports.waiter import Waiter
from promptpilot.services.runs.beginnings import (
    execution_of,
    prompt_run_log,
    workflow_step_log,
)
from promptpilot.services.steps.logs import (
    Claimed,
    Delivery,
    claim,
    read_claim,
    read_contents,
    record,
    token_digest,
)
from promptpilot.services.steps.outcomes import failed, step_event, tell
from promptpilot.step_errors import StepAbandoned

NO_DELIVERY = 0
"""Deliveries are counted from 1: what ends an abandoned job is none of its deliveries."""


def abandon_workflow_step(
    job: WorkflowStepJob, *, table: Table, blobs: Blobs, orchestrator: Orchestrator
) -> None:
    """Fail the task that waits for the job, and its log, which says at which step the execution
    ended. A step that waits for a person or an execution needs no worker any more: it goes on.
    """
    log = log_id(job.execution, job)
    ended = _end(job.workspace, log, job.token, table, blobs)
    if ended is None and table.get(keys.log(job.workspace, log)) is None:
        execution = execution_of(job, table)
        if execution is not None and execution.takes_steps:
            ended = _begin_and_fail(workflow_step_log(job, execution), job.token, table, blobs)
    if ended is not None and ended.status is LogStatus.WAITING:
        return
    if ended is None or ended.status is LogStatus.RUNNING:
        error = StepAbandoned()
        orchestrator.fail_task(job.token, type(error).__name__, str(error))
    else:
        tell(job.token, ended, orchestrator=orchestrator, blobs=blobs)


def abandon_prompt_run(job: PromptRunJob, *, table: Table, blobs: Blobs, waiter: Waiter) -> None:
    """Record that the run has failed, so that nobody waits for it any longer."""
    if _end(job.workspace, job.log, job.log, table, blobs) is None:
        _begin_and_fail(prompt_run_log(job), job.log, table, blobs)
    waiter.announce(job.log)
    if job.run is not None:
        waiter.announce(progress_subject(job.run))


def _end(workspace: str, log: str, token: str, table: Table, blobs: Blobs) -> ExecutionLog | None:
    """The log that stands for the job, ended if it was its own; None where there is none, or where
    it is that of a newer try.
    """
    found = read_claim(workspace, log, table=table)
    if found is None:
        return None
    stored = found.stored
    if stored.log.status is not LogStatus.SUCCEEDED and stored.token != token_digest(token):
        return None
    if stored.log.status is LogStatus.RUNNING:
        return _fail(found, table, blobs)
    return read_contents(stored, blobs=blobs)


def _begin_and_fail(
    log: ExecutionLog, token: str, table: Table, blobs: Blobs
) -> ExecutionLog | None:
    """The log that no worker began; None where one has begun it meanwhile."""
    claimed = claim(log, Delivery(token, NO_DELIVERY), 0, table=table, blobs=blobs)
    return _fail(claimed, table, blobs) if isinstance(claimed, Claimed) else None


def _fail(claimed: Claimed, table: Table, blobs: Blobs) -> ExecutionLog:
    log = failed(claimed.log, StepAbandoned(log=claimed.log.id))
    return record(claimed, log, step_event(log), table=table, blobs=blobs)
