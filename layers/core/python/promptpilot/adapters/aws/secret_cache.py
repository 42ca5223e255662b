"""Secrets that were read a short while ago, so that the Parameter Store is not asked for each use
(it answers 40 reads a second, for the whole account).
"""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock

from pydantic import SecretStr

from promptpilot.clock import epoch_ms

FOUND_MS = 240_000
"""Four minutes; with what others keep on top, five are promised."""
ABSENT_MS = 20_000
"""A new key shows soon, and who has none does not ask at every call."""
LIMIT = 1_000


class SecretCache:
    """At most `limit` answers by path, the oldest go first. Threads may share it: those who miss
    the same path at once make one read.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = Lock()
        self._answers: dict[str, tuple[SecretStr | None, int]] = {}
        self._reads: dict[str, Future[SecretStr | None]] = {}

    def get(self, path: str, read: Callable[[], SecretStr | None]) -> SecretStr | None:
        """What was found at `path`, by `read` where it is not known; raises what `read` raises."""
        with self._lock:
            known = self._answers.get(path)
            if known is not None and _is_fresh(*known):
                return known[0]
            under_way = self._reads.get(path)
            if under_way is None:
                mine = self._reads[path] = Future()
        if under_way is not None:
            return under_way.result()
        return self._read(path, read, mine)

    def put(self, path: str, value: SecretStr | None) -> None:
        """Know that `value` is there now (None: nothing), whatever a read under way will find."""
        with self._lock:
            self._reads.pop(path, None)
            self._keep(path, value)

    def _read(
        self,
        path: str,
        read: Callable[[], SecretStr | None],
        mine: "Future[SecretStr | None]",
    ) -> SecretStr | None:
        try:
            value = read()
        except BaseException as error:  # whoever waits for this read must hear of its end
            with self._lock:
                if self._reads.get(path) is mine:
                    del self._reads[path]
            mine.set_exception(error)
            raise
        with self._lock:
            if self._reads.get(path) is mine:
                del self._reads[path]
                self._keep(path, value)
        mine.set_result(value)
        return value

    def _keep(self, path: str, value: SecretStr | None) -> None:
        self._answers.pop(path, None)
        while len(self._answers) >= self._limit:
            del self._answers[next(iter(self._answers))]
        self._answers[path] = (value, epoch_ms())


def _is_fresh(value: SecretStr | None, read_at: int) -> bool:
    """By the wall clock: a function that sleeps between two calls has no other that goes on."""
    return 0 <= epoch_ms() - read_at < (ABSENT_MS if value is None else FOUND_MS)
