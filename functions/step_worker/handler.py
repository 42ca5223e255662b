"""The worker behind the step queue: a batch of step jobs at once, so that waiting is shared.

Its memory is bounded by what it is given: at most ten messages of 256 KiB, no model call outside a
job, and caches of a fixed weight.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from functions.sqs_batch import Record, log_failure, to_deliver_again
from functions.step_worker.redelivery import delay_seconds
from promptpilot import platform
from promptpilot.clock import epoch_ms
from promptpilot.domain.step_job import ModelKeyJob, WorkflowStepJob, parse_step_job
from promptpilot.errors import PromptPilotError
from promptpilot.platform import Platform
from promptpilot.services.model_keys.checking import CheckPorts, check_model_key
from promptpilot.services.runs.prompt_jobs import run_prompt_job
from promptpilot.services.runs.step_runs import run_workflow_step
from promptpilot.services.steps.ports import Ports

RESERVE_SECONDS = 10.0
"""What is left of an invocation when unfinished jobs are given back: for giving them back."""

logger = logging.getLogger(__name__)

_loop: asyncio.AbstractEventLoop | None = None
_known: tuple[Platform, Ports] | None = None


class Context(Protocol):
    """What is asked of an invocation's context."""

    def get_remaining_time_in_millis(self) -> int:
        """How long the invocation may still run."""
        ...


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Lambda's entry: a batch of SQS records; answers those to deliver again.

    Jobs that are unfinished when the invocation is about to end are cancelled and given back.
    """
    seconds = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    return _own_loop().run_until_complete(handle(event, seconds))


async def handle(event: Mapping[str, Any], seconds: float | None = None) -> dict[str, Any]:
    """Run all jobs of a batch concurrently, for as long as `seconds`; each fails for itself."""
    records = event["Records"]
    if len(records) == 1:
        [record] = records
        return to_deliver_again([] if await _done(record, seconds) else [record])
    done = await asyncio.gather(*(_done(record, seconds) for record in records))
    failures = [record for record, well in zip(records, done, strict=True) if not well]
    return to_deliver_again(failures)


async def _done(record: Record, seconds: float | None) -> bool:
    """False where the job is to be delivered again."""
    try:
        if seconds is None:
            await _run(record)
        else:
            async with asyncio.timeout(seconds):
                await _run(record)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other jobs go on
        log_failure(record, error)
        await _release(record, error)
        return False
    return True


async def _run(record: Record) -> None:
    job = parse_step_job(record["body"])
    attributes = record["attributes"]
    receive_count = int(attributes["ApproximateReceiveCount"])
    here = platform.current()
    if isinstance(job, ModelKeyJob):
        await check_model_key(job, _check_ports(here))
        return
    ports = _ports(here)
    if isinstance(job, WorkflowStepJob):
        waited = (epoch_ms() - int(attributes["SentTimestamp"])) / 1000
        await run_workflow_step(job, receive_count, ports, waited_seconds=waited)
    else:
        await run_prompt_job(job, receive_count, ports)


def _check_ports(here: Platform) -> CheckPorts:
    return CheckPorts(
        models=here.models,
        secrets=here.secrets,
        table=here.table,
        waiter=here.waiter,
        offload=here.offload,
    )


def _ports(here: Platform) -> Ports:
    """What is asked of a platform for every job is put together once."""
    global _known
    if _known is None or _known[0] is not here:
        _known = (
            here,
            Ports(
                table=here.table,
                blobs=here.blobs,
                models=here.models,
                cache=here.cache,
                rate_limiter=here.rate_limiter,
                orchestrator=here.orchestrator,
                waiter=here.waiter,
                egress=here.egress,
                partial_texts=here.partial_texts,
                live=lambda: here.live,
                offload=here.offload,
                followed=here.followers.told,
                sole_worker=here.sole_worker,
                hears=here.hears,
            ),
        )
    return _known[1]


async def _release(record: Record, error: Exception) -> None:
    """Have a failed job delivered again soon: Lambda leaves it invisible for as long as a batch may
    take.
    """
    here = platform.current()
    receives = int(record["attributes"]["ApproximateReceiveCount"])
    seconds = delay_seconds(error, receives)
    try:
        await here.offload(here.step_queue.release, record["receiptHandle"], seconds)
    except PromptPilotError as lost:
        logger.warning("a job was not released: %s", lost)


def _own_loop() -> asyncio.AbstractEventLoop:
    """One loop for all invocations, since the clients of the models live on it."""
    global _loop
    if _loop is None:
        _loop = asyncio.new_event_loop()
    return _loop
