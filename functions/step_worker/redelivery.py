"""When a step job that failed is to be delivered again."""

from collections.abc import Callable, Mapping

from promptpilot.errors import Unavailable
from promptpilot.services.runs.claimed_runs import LEASE_MS
from promptpilot.services.steps.claimed import StepBusyError

BUSY_SECONDS = LEASE_MS // 1000 + 60
"""Until a worker that has the very same delivery has surely ended: another delivery would take its
claim away.
"""

_DELAYS: Mapping[type[Exception], Callable[[int], int]] = {
    StepBusyError: lambda _: BUSY_SECONDS,
    Unavailable: lambda receives: 15 * 2**receives,
    TimeoutError: lambda _: 0,
}
"""Seconds by the kind of failure and how often the job was received, from 1.

What is out of reach is tried again after 30 and 60 seconds. A job that was cut off by the end of an
invocation goes on at once in another.
"""

_SOON = 1
"""For what fails in itself, such as a message that is no job: given up as quickly as may be."""


def delay_seconds(error: Exception, receives: int) -> int:
    """How long the job is to wait at least."""
    for kind, delay in _DELAYS.items():
        if isinstance(error, kind):
            return delay(receives)
    return _SOON
