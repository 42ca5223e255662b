"""Changes that many threads of a process want to make to the same items, made together.

Only one of two writers of an item wins. So the threads of a process do not compete: whoever comes
first makes its own change and those of all who came meanwhile, in one write, while they wait.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from promptpilot.errors import ConditionFailed, StoreUnavailable

ATTEMPTS = 100
"""How often is tried again what other processes were faster at."""
_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.3


C = TypeVar("C")
R = TypeVar("R")


@dataclass(slots=True)
class _Waiting(Generic[C, R]):
    change: C
    result: R | None = None
    error: Exception | None = None
    done: bool = False


class Batches(Generic[C, R]):
    """Makes changes by `make`, which gets some and returns what comes of each, in their order. It
    raises `ConditionFailed` to be called again. `fit` says whether some can be made together.
    """

    def __init__(
        self, make: Callable[[Sequence[C]], Sequence[R]], fit: Callable[[Sequence[C]], bool]
    ) -> None:
        self._make = make
        self._fit = fit
        self._turn = Lock()
        self._waiting: deque[_Waiting[C, R]] = deque()

    def submit(self, change: C) -> R:
        """What comes of a change. Raises what making it raises, and `StoreUnavailable` where others
        keep being faster.
        """
        mine: _Waiting[C, R] = _Waiting(change)
        self._waiting.append(mine)
        while not mine.done:
            with self._turn:
                if not mine.done:
                    self._work()
        if mine.error is not None:
            raise mine.error
        assert mine.result is not None
        return mine.result

    def _work(self) -> None:
        batch = [self._waiting.popleft()]
        try:
            results = self._patiently(batch)
        except Exception as error:  # noqa: BLE001  raised by each of those who wait
            for each in batch:
                each.error, each.done = error, True
            return
        for each, result in zip(batch, results, strict=True):
            each.result, each.done = result, True

    def _patiently(self, batch: list[_Waiting[C, R]]) -> Sequence[R]:
        """Who comes while this waits for its turn among processes is taken along."""
        for attempt in range(ATTEMPTS):
            self._take_along(batch)
            try:
                return self._make([each.change for each in batch])
            except ConditionFailed:
                longest = min(_PAUSE_SECONDS * attempt, _LONGEST_PAUSE_SECONDS)
                time.sleep(longest * random.random())  # noqa: S311  spreads retries
        raise StoreUnavailable(reason="The budget is contended.")

    def _take_along(self, batch: list[_Waiting[C, R]]) -> None:
        changes = [each.change for each in batch]
        while self._waiting and self._fit([*changes, self._waiting[0].change]):
            changes.append(self._waiting[0].change)
            batch.append(self._waiting.popleft())
