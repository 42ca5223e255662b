"""Doing what a job asks: claim its log, do it once, record what came of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from promptpilot.domain.execution import ExecutionLog
from promptpilot.errors import DocumentInvalid, PromptPilotError, StoreUnavailable, Unavailable
from promptpilot.services.steps.appearances import Appearance
from promptpilot.services.steps.claimed import StepBusyError
from promptpilot.services.steps.logs import Busy, Claimed, Delivery, Recorded, claim, record
from promptpilot.services.steps.outcomes import end_event, failed, step_event
from promptpilot.services.steps.ports import Ports
from promptpilot.step_errors import StepError, StepInvalid

LEASE_MS = 15 * 60 * 1000
"""How long a claim keeps out the same delivery of the same job: the longest a Lambda function runs.
"""
RECORD_AGAIN_SECONDS = (0.1, 0.5, 1.0, 2.0)
"""Pauses before recording again when the store is out of reach: an answer has been paid for."""
TOLD_PROBLEMS = 5

logger = logging.getLogger(__name__)


async def run_claimed(
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
    event = step_event(log) if ports.hears(end_event(log)) else None
    for pause in RECORD_AGAIN_SECONDS:
        try:
            return await ports.offload(
                record, claimed, log, event, table=ports.table, blobs=ports.blobs
            )
        except StoreUnavailable:
            logger.warning("result not recorded yet: store out of reach", extra={"log": log.id})
            await asyncio.sleep(pause)
    return await ports.offload(record, claimed, log, event, table=ports.table, blobs=ports.blobs)
