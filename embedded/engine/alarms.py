"""Waiting for a time: by the steady clock, or by the wall clock."""

import asyncio

from embedded.engine.task_tokens import LONGEST_TIMER_SECONDS
from promptpilot.clock import epoch_ms

CLOCK_SLICE_SECONDS = 60.0


async def sleep_until(wake_ms: int) -> None:
    """Wait as long as it is now until then, however the wall clock is set meanwhile."""
    loop = asyncio.get_running_loop()
    end = loop.time() + (wake_ms - epoch_ms()) / 1000
    while (left := end - loop.time()) > 0:  # noqa: ASYNC110 - one timer has its limits
        await asyncio.sleep(min(left, LONGEST_TIMER_SECONDS))


async def sleep_until_clock_shows(wake_ms: int) -> None:
    """Wait by the wall clock, which may be set, or run on while a laptop sleeps.

    Nothing tells when it jumps, so it is looked at now and then.
    """
    while (left := (wake_ms - epoch_ms()) / 1000) > 0:  # noqa: ASYNC110 - see above
        await asyncio.sleep(min(left, CLOCK_SLICE_SECONDS))
