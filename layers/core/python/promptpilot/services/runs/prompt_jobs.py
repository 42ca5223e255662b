"""Running a prompt outside any workflow: a job that somebody waits for, follows, or cancels."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from promptpilot.domain.execution import ExecutionLog
from promptpilot.domain.progress import progress_subject
from promptpilot.domain.step_job import PromptRunJob
from promptpilot.errors import StoreUnavailable
from promptpilot.services.asking.calls import Calls
from promptpilot.services.asking.patience import RUN
from promptpilot.services.asking.question import Question, model_request
from promptpilot.services.live.push import push_to_followers
from promptpilot.services.live.text_pushes import progress_message, run_piece
from promptpilot.services.playground.following import end_of
from promptpilot.services.playground.runs import TIMEOUT_SECONDS, is_cancelled
from promptpilot.services.prompts.versions import load_version
from promptpilot.services.runs.beginnings import prompt_run_log
from promptpilot.services.runs.claimed_runs import run_claimed
from promptpilot.services.runs.prompt_steps import answer_log, calls_before, pushes
from promptpilot.services.steps.logs import Claimed, Delivery
from promptpilot.services.steps.outcomes import failed
from promptpilot.services.steps.ports import Ports
from promptpilot.services.steps.streamed_texts import streamed
from promptpilot.step_errors import StepCancelled
from promptpilot.telemetry.step_spans import run_span, tell_step

LOOK_SECONDS = 0.5
"""How often a run that is under way is looked at: whether somebody has cancelled it."""
CANCELLED = "Somebody has cancelled the run."

logger = logging.getLogger(__name__)


async def run_prompt_job(job: PromptRunJob, receive_count: int, ports: Ports) -> None:
    """Run a prompt, and wake whoever waits for its log. Raises `StepBusyError` or `Unavailable`
    where the job is to be delivered again.
    """

    async def run(claimed: Claimed) -> ExecutionLog:
        question = await ports.offload(_question, job, ports)
        if job.run is None:
            return await answer_log(claimed.log, question, ports)
        return await _followed(job, job.run, claimed.log, question, ports)

    with run_span(job) as told:
        log = prompt_run_log(job)
        log = await run_claimed(log, Delivery(job.log, receive_count), run, ports)
        tell_step(log, told)
    ports.waiter.announce(job.log)
    if job.run is not None:
        await _tell_end(job, job.run, log, ports)


def _question(job: PromptRunJob, ports: Ports) -> Question:
    prompt = load_version(job.workspace, job.prompt, job.version, table=ports.table)
    request = model_request(
        prompt, job.variables, model=job.model, timeout=TIMEOUT_SECONDS, table=ports.table
    )
    return Question(job.workspace, request, patience=RUN)


async def _followed(
    job: PromptRunJob, run: str, log: ExecutionLog, question: Question, ports: Ports
) -> ExecutionLog:
    """Ask, handing on what is said, until it is said or somebody cancels the run."""
    piece = run_piece(job.log, job.model or question.request.model)
    tell = pushes(job.workspace, run, piece, ports)

    calls = calls_before(log)

    async def ask() -> ExecutionLog:
        texts = ports.partial_texts
        async with streamed(log, run, texts=texts, tell=tell, offload=ports.offload) as hear:
            return await answer_log(log, question, ports, hear, calls=calls)

    async def cancelled() -> bool:
        try:
            return await ports.offload(is_cancelled, job.workspace, run, table=ports.table)
        except StoreUnavailable:
            logger.warning("run not looked at: store out of reach", extra={"run": run})
            return False  # what is being answered is paid for

    ended = None if await cancelled() else await _unless(cancelled, ask)
    return ended or _cancelled(log, calls)


def _cancelled(log: ExecutionLog, calls: Calls) -> ExecutionLog:
    """The log of a run that somebody has cancelled, with the calls that were made."""
    return failed(
        log,
        StepCancelled(reason=CANCELLED),
        model=calls.made[-1].model if calls.made else None,
        usage=calls.usage,
        cost_micro_usd=calls.cost_micro_usd,
        calls=tuple(calls.made),
    )


async def _unless(
    cancelled: Callable[[], Awaitable[bool]], ask: Callable[[], Awaitable[ExecutionLog]]
) -> ExecutionLog | None:
    """What is asked for; None once somebody has cancelled it, the call having ended. What is
    answered meanwhile stands.
    """
    asking = asyncio.ensure_future(ask())
    try:
        while True:
            done, _ = await asyncio.wait({asking}, timeout=LOOK_SECONDS)
            if done:
                return asking.result()
            if await cancelled() and not asking.done():
                return None
    finally:
        asking.cancel()
        await asyncio.wait({asking})


async def _tell_end(job: PromptRunJob, run: str, log: ExecutionLog, ports: Ports) -> None:
    ports.waiter.announce(progress_subject(run))
    message = progress_message(run, end_of(log, job.model or log.model or ""))
    await push_to_followers(
        job.workspace,
        run,
        message,
        table=ports.table,
        live=ports.live(),
        offload=ports.offload,
    )
