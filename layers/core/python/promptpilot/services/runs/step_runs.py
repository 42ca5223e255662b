"""Running a step job: claim the step, do what its kind asks, record what came of it, tell about
it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from promptpilot.domain.execution import ExecutionLog, ExecutionStatus
from promptpilot.domain.step_job import PromptRunJob, StepKind, WorkflowStepJob
from promptpilot.errors import DocumentInvalid, PromptPilotError, StoreUnavailable, Unavailable
from promptpilot.services.executions.approvals import expire_approvals
from promptpilot.services.prompts.versions import load_version
from promptpilot.services.runs.action_steps import run_action_step
from promptpilot.services.runs.approval_steps import run_approval_step
from promptpilot.services.runs.beginnings import (
    execution_of,
    prompt_run_log,
    workflow_step_log,
)
from promptpilot.services.runs.prompt_steps import Question, answer_log, run_prompt_step
from promptpilot.services.runs.replays import recorded_result
from promptpilot.services.runs.workflow_steps import run_workflow_child
from promptpilot.services.steps.appearances import Appearance
from promptpilot.services.steps.claimed import ClaimedStep, Run, StepBusyError
from promptpilot.services.steps.heartbeats import BEAT_SECONDS, Heartbeats, somebody_waits
from promptpilot.services.steps.logs import Busy, Claimed, Delivery, Recorded, claim, record
from promptpilot.services.steps.model_calls import model_request
from promptpilot.services.steps.outcomes import failed, step_event, tell
from promptpilot.services.steps.ports import Ports
from promptpilot.step_errors import StepError, StepInvalid

LEASE_MS = 15 * 60 * 1000
"""How long a claim keeps out the same delivery of the same job: the longest a Lambda function runs.
"""
PROMPT_RUN_SECONDS = 60.0
RECORD_AGAIN_SECONDS = (0.1, 0.5, 1.0, 2.0)
"""Pauses before recording again when the store is out of reach: an answer has been paid for."""
TOLD_PROBLEMS = 5

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
    with Heartbeats(job.token, ports.orchestrator, ports.offload):
        log = workflow_step_log(job, execution)
        log = await _run(log, Delivery(job.token, receive_count), run, ports, sole=sole)
    if log.status.final:
        await ports.offload(
            tell, job.token, log, orchestrator=ports.orchestrator, blobs=ports.blobs
        )


async def _is_wanted(
    job: WorkflowStepJob, receive_count: int, waited_seconds: float, ports: Ports
) -> bool:
    """A job that has waited, or comes again, beats first, since its state's clock has run
    meanwhile; one that is fresh need not ask.
    """
    if receive_count == 1 and waited_seconds < BEAT_SECONDS:
        return True
    return await somebody_waits(job.token, ports.orchestrator, ports.offload)


async def run_prompt_job(job: PromptRunJob, receive_count: int, ports: Ports) -> None:
    """Run a prompt outside any workflow, and wake whoever waits for its log."""

    def question() -> Question:
        prompt = load_version(job.workspace, job.prompt, job.version, table=ports.table)
        request = model_request(
            prompt, job.variables, model=job.model, timeout=PROMPT_RUN_SECONDS, table=ports.table
        )
        return Question(request)

    async def run(claimed: Claimed) -> ExecutionLog:
        return await answer_log(claimed.log, await ports.offload(question), ports)

    await _run(prompt_run_log(job), Delivery(job.log, receive_count), run, ports)
    ports.waiter.announce(job.log)


async def _run(
    log: ExecutionLog,
    delivery: Delivery,
    run: Callable[[Claimed], Awaitable[ExecutionLog]],
    ports: Ports,
    *,
    sole: bool = False,
) -> ExecutionLog:
    """Run the claimed step once; returns the log that stands in the end."""
    claimed = await ports.offload(
        claim, log, delivery, LEASE_MS, table=ports.table, blobs=ports.blobs, sole=sole
    )
    match claimed:
        case Busy():
            raise StepBusyError
        case Recorded(log=recorded):
            return recorded
        case Claimed():
            with Appearance(claimed, ports.table, ports.offload):
                done = await _outcome(claimed, run)
            if not done.status.final:
                return done
            return await _record_patiently(claimed, done, ports)


async def _outcome(
    claimed: Claimed, run: Callable[[Claimed], Awaitable[ExecutionLog]]
) -> ExecutionLog:
    """Whatever a step meets fails it, but for what is out of reach for now."""
    try:
        return await run(claimed)
    except StepError as error:
        return failed(claimed.log, error)
    except Unavailable:
        raise
    except PromptPilotError as error:
        return failed(claimed.log, StepInvalid(reason=_reason(error)))


def _reason(error: PromptPilotError) -> str:
    if not isinstance(error, DocumentInvalid):
        return str(error)
    told = [f"{each.at or '/'}: {each.message}" for each in error.problems[:TOLD_PROBLEMS]]
    return " ".join([str(error), *told])


async def _record_patiently(claimed: Claimed, log: ExecutionLog, ports: Ports) -> ExecutionLog:
    event = step_event(log)
    for pause in RECORD_AGAIN_SECONDS:
        try:
            return await ports.offload(
                record, claimed, log, event, table=ports.table, blobs=ports.blobs
            )
        except StoreUnavailable:
            logger.warning("result not recorded yet: store out of reach", extra={"log": log.id})
            await asyncio.sleep(pause)
    return await ports.offload(record, claimed, log, event, table=ports.table, blobs=ports.blobs)
