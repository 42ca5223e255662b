"""What belongs to one event loop, made for each that asks for it."""

import asyncio
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One of `make()` for each event loop. Threads may share it."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[asyncio.AbstractEventLoop, T] = {}
        self._lock = Lock()

    def here(self) -> T:
        """That of the running loop."""
        loop = asyncio.get_running_loop()
        found = self._made.get(loop)
        if found is not None:
            return found
        with self._lock:
            for ended in [each for each in self._made if each.is_closed()]:
                del self._made[ended]
            self._made[loop] = made = self._make()
        return made

    def forget(self) -> list[tuple[asyncio.AbstractEventLoop, T]]:
        """All that were made, with their loops; from now on others are made."""
        with self._lock:
            made, self._made = self._made, {}
        return list(made.items())
