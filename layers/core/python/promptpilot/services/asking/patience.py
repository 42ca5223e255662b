"""How often one model is asked again before the next one is, or the step fails."""

import random
from dataclasses import dataclass

from promptpilot.step_errors import (
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelUnavailable,
)

SHORT_WAIT_SECONDS = 5.0
"""What a vendor asks us to wait is waited out up to here; more is left to whoever tries the step
again, who does not hold a worker meanwhile.
"""
LEAST_SECONDS = 0.2
"""With less time left no model is asked."""


@dataclass(frozen=True, slots=True)
class Patience:
    """`attempts` counts all calls of one model. A pause is what the vendor asks for, and up to a
    second more, so that those who were refused together do not come back together. Where a vendor
    does not say how long, `unasked` decides: with it pauses are random, between nothing and `pause`
    seconds, then twice that ("full jitter"); without it, whoever tries the step again waits.
    """

    attempts: int = 3
    unasked: bool = False
    pause: float = 0.5

    def wait(self, error: ModelError, attempt: int) -> float | None:
        """Seconds until the model is asked again after `attempt` calls; None for never."""
        if attempt >= self.attempts:
            return None
        if isinstance(error, ModelRateLimited | ModelOverloaded) and error.retry_after is not None:
            asked = error.retry_after
            return None if asked > SHORT_WAIT_SECONDS else asked + _random(min(asked, 1.0))
        if self.unasked and isinstance(error, _PASSING):
            return _random(self.pause * 2 ** (attempt - 1))
        return None


STEP = Patience()
"""For a step of a workflow, which is tried again by its state machine."""

RUN = Patience(unasked=True)
"""For a prompt that is run by itself: no state machine tries it again."""

_PASSING = (ModelRateLimited, ModelOverloaded, ModelUnavailable)


def _random(longest: float) -> float:
    return random.uniform(0.0, longest)  # noqa: S311 - spreads load, guards nothing
