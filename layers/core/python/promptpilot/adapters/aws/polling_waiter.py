"""The `Waiter` of the AWS platform, where who waits and who works share no memory."""

import time
from collections.abc import Callable

MAX_SECONDS = 25.0
"""API Gateway ends a request after 30 s, and the answer still has to be made."""

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
GROWTH = 1.5


class PollingWaiter:
    """Looks again and again, less and less often, for at most `max_seconds`."""

    def __init__(
        self,
        max_seconds: float = MAX_SECONDS,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._max_seconds = max_seconds
        self._clock = clock
        self._sleep = sleep

    def announce(self, subject: str) -> None:
        """Nobody could hear it: who waits looks for itself."""

    def wait(self, subject: str, ended: Callable[[], bool], seconds: float) -> bool:
        """See `Waiter.wait`. The last look is made when the time is over."""
        deadline = self._clock() + min(seconds, self._max_seconds)
        pause = FIRST_PAUSE_SECONDS
        while not ended():
            left = deadline - self._clock()
            if left <= 0:
                return False
            self._sleep(min(pause, left))
            pause = min(pause * GROWTH, LONGEST_PAUSE_SECONDS)
        return True
