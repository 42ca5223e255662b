"""Running a step job: claim the step, do what its kind asks, record what came of it, tell about
it.
"""

import logging
from collections.abc import Mapping

from promptpilot.domain.execution import ExecutionLog, ExecutionStatus
from promptpilot.domain.step_job import StepKind, WorkflowStepJob
from promptpilot.services.executions.approvals import expire_approvals
from promptpilot.services.executions.late_costs import recount
from promptpilot.services.runs.action_steps import run_action_step
from promptpilot.services.runs.approval_steps import run_approval_step
from promptpilot.services.runs.beginnings import (
    execution_of,
    workflow_step_log,
)
from promptpilot.services.runs.claimed_runs import run_claimed
from promptpilot.services.runs.prompt_steps import run_prompt_step
from promptpilot.services.runs.replays import recorded_result
from promptpilot.services.runs.workflow_steps import run_workflow_child
from promptpilot.services.steps.claimed import ClaimedStep, Run
from promptpilot.services.steps.heartbeats import BEAT_SECONDS, Heartbeats, somebody_waits
from promptpilot.services.steps.logs import Claimed, Delivery
from promptpilot.services.steps.outcomes import tell
from promptpilot.services.steps.ports import Ports
from promptpilot.telemetry.step_spans import step_span, tell_step

RUNS: Mapping[StepKind, Run] = {
    "prompt": run_prompt_step,
    "action": run_action_step,
    "approval": run_approval_step,
    "workflow": run_workflow_child,
}
"""What to do for each kind of step."""

logger = logging.getLogger(__name__)


async def run_workflow_step(
    job: WorkflowStepJob, receive_count: int, ports: Ports, *, waited_seconds: float = 0.0
) -> None:
    """Run a step of an execution and complete or fail its task token; one that waits for somebody
    is left waiting.

    A step whose result is recorded is answered from the record and runs no more. An execution that
    has ended, or is to, starts no step, nor does a job that has waited so long that its state
    machine has given it up. `receive_count` counts the deliveries of this job from 1. Raises
    `StepBusyError` or `Unavailable` where the job is to be delivered again.
    """
    execution = await ports.offload(execution_of, job, ports.table)
    if execution is None or not execution.takes_steps:
        logger.info("step dropped: its execution has ended", extra={"execution": job.execution})
        return
    if not await _is_wanted(job, receive_count, waited_seconds, ports):
        logger.info("step dropped: nobody waits for it", extra={"execution": job.execution})
        return
    if execution.status is ExecutionStatus.WAITING and job.kind != "approval":
        await ports.offload(
            expire_approvals, job.workspace, job.execution, table=ports.table, blobs=ports.blobs
        )

    async def run(claimed: Claimed) -> ExecutionLog:
        step = ClaimedStep(job, execution, claimed, waited_seconds)
        replayed = None
        if execution.replay_of is not None:
            replayed = await ports.offload(
                recorded_result, step, table=ports.table, blobs=ports.blobs
            )
        return replayed or await RUNS[job.kind](step, ports)

    # Another kind's run writes its log itself, and it is read meanwhile; so is a streamed text's.
    sole = ports.sole_worker and job.kind == "prompt" and not execution.stream
    beats = Heartbeats(job.token, ports.orchestrator, ports.offload)
    with step_span(job, execution) as told, beats:
        log = workflow_step_log(job, execution)
        log = await run_claimed(log, Delivery(job.token, receive_count), run, ports, sole=sole)
        tell_step(log, told)
    if not log.status.final:
        return
    waited_for = await ports.offload(
        tell, job.token, log, orchestrator=ports.orchestrator, blobs=ports.blobs
    )
    if not waited_for:  # its execution may have ended meanwhile, without what the step has cost
        await ports.offload(recount, job.workspace, job.execution, table=ports.table)


async def _is_wanted(
    job: WorkflowStepJob, receive_count: int, waited_seconds: float, ports: Ports
) -> bool:
    """A job that has waited, or comes again, beats first, since its state's clock has run
    meanwhile; one that is fresh need not ask.
    """
    if receive_count == 1 and waited_seconds < BEAT_SECONDS:
        return True
    return await somebody_waits(job.token, ports.orchestrator, ports.offload)
