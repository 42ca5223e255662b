"""Waking requests that wait for work of another thread of the same process."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable

LOOK_AGAIN_SECONDS = 1.0
"""An announcement is only a hint, so a waiter looks for itself now and then."""


class LocalWaiter:
    """A `Waiter` for one process: one bell for each waiting thread."""

    def __init__(
        self,
        look_again_seconds: float = LOOK_AGAIN_SECONDS,
        *,
        overhear: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`overhear` gets every subject that is announced; it must not wait."""
        self._overhear = overhear
        self._look_again_seconds = look_again_seconds
        self._lock = threading.Lock()
        self._bells: defaultdict[str, set[threading.Event]] = defaultdict(set)

    def announce(self, subject: str) -> None:
        """Wake everyone who waits for `subject`."""
        if subject in self._bells:  # nobody waits, mostly; who begins to, looks first
            with self._lock:
                bells = tuple(self._bells.get(subject, ()))
            for bell in bells:
                bell.set()
        self._overhear(subject)

    def wait(self, subject: str, ended: Callable[[], bool], seconds: float) -> bool:
        """Return `ended()` as soon as it is true, or when `seconds` have passed."""
        bell = threading.Event()
        with self._lock:
            self._bells[subject].add(bell)
        try:
            return self._wait(bell, ended, time.monotonic() + seconds)
        finally:
            with self._lock:
                self._bells[subject].discard(bell)
                if not self._bells[subject]:
                    del self._bells[subject]

    def _wait(self, bell: threading.Event, ended: Callable[[], bool], deadline: float) -> bool:
        while not ended():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            bell.wait(min(left, self._look_again_seconds))
            bell.clear()
        return True
