"""Something that an adapter can do without is out of reach: for how long it is left alone, and what
an operator is told.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from promptpilot.errors import StoreUnavailable

COOL_DOWN_SECONDS = 5.0
"""How long nobody tries again, so that not every call waits in vain."""

logger = logging.getLogger(__name__)


class Outage:
    """Whether `name` is out of reach. Threads may share it.

    `meanwhile` tells in the log how the product goes on. The log is told once that an outage has
    begun, and once that it is over.
    """

    def __init__(
        self,
        name: str,
        *,
        meanwhile: str,
        cool_down: float = COOL_DOWN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._meanwhile = meanwhile
        self._cool_down = cool_down
        self._clock = clock
        self._lock = Lock()
        self._lasts = False
        self._next_try = 0.0
        self.count = 0
        """How many there have been, with one that lasts."""

    @property
    def lasts(self) -> bool:
        """Whether it was out of reach when it was last tried."""
        return self._lasts

    @contextmanager
    def trying(self) -> Iterator[bool]:
        """Do something with it that raises `StoreUnavailable` where it is out of reach; so does
        this, at once, while it is left alone. True where an outage lasts: what is done then finds
        out whether it is over.
        """
        trial = self._try()
        try:
            yield trial
        except StoreUnavailable as error:
            self._failed(error)
            raise
        if trial:
            self._over()

    def _try(self) -> bool:
        """Of those who come once the pause is over, one tries and the others go without."""
        with self._lock:
            if not self._lasts:
                return False
            now = self._clock()
            if now < self._next_try:
                raise StoreUnavailable
            self._next_try = now + self._cool_down
            return True

    def _failed(self, error: StoreUnavailable) -> None:
        with self._lock:
            self._next_try = self._clock() + self._cool_down
            begins, self._lasts = not self._lasts, True
            self.count += begins
        if begins:
            logger.warning("%s is out of reach (%s); %s", self._name, error.reason, self._meanwhile)

    def _over(self) -> None:
        with self._lock:
            ends, self._lasts = self._lasts, False
        if ends:
            logger.warning("%s is back again", self._name)
