"""Port calls of coroutines, made in place: what they write is flushed once per turn of the loop.

A store that answers in microseconds is not worth a thread. What is worth sharing is the flush of
the disk: whatever the coroutines of one turn have written goes there together, at the turn's end.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from embedded.database import Database
from promptpilot.errors import StoreUnavailable

QUICK_SECONDS = 0.001
"""A flush that takes less does not keep the loop from anything for long."""
REMEMBERED_FLUSHES = 8

P = ParamSpec("P")
T = TypeVar("T")


class InTurn:
    """An `Offload` for one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[asyncio.Future[None]] = []
        self._promised = 0
        self._flushing = False
        self._flush_seconds = QUICK_SECONDS
        """What a flush takes: an average in which one counts less with each that follows."""

    async def __call__(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The call's result, once what it wrote through the table is durable.

        Raises what the call raises, and `StoreUnavailable` where the disk failed.
        """
        with self._database.promising() as promises:
            try:
                result = call(*args, **kwargs)
            finally:
                self._promised += promises.count
                flushed = self._turn_ends() if promises.count else None
        if flushed is not None:
            await flushed
        return result

    def _turn_ends(self) -> "asyncio.Future[None]":
        loop = asyncio.get_running_loop()
        if not self._waiting and not self._flushing:
            loop.call_soon(self._flush, loop)
        flushed = loop.create_future()
        self._waiting.append(flushed)
        return flushed

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        """One write is flushed here, and so are several on a quick disk: handing it over and waking
        a thread takes longer. Else a thread does it, and the loop goes on meanwhile.
        """
        waiting, self._waiting = self._waiting, []
        promised, self._promised = self._promised, 0
        if len(waiting) == 1 or self._flush_seconds < QUICK_SECONDS:
            _tell(waiting, self._keep(promised))
            return
        self._flushing = True
        kept = loop.run_in_executor(None, self._keep, promised)
        kept.add_done_callback(lambda _: self._flushed(loop, waiting, kept))

    def _keep(self, promised: int) -> StoreUnavailable | None:
        begun = time.perf_counter()
        try:
            self._database.keep(promised)
        except StoreUnavailable as error:
            return error
        taken = time.perf_counter() - begun
        self._flush_seconds += (taken - self._flush_seconds) / REMEMBERED_FLUSHES
        return None

    def _flushed(
        self,
        loop: asyncio.AbstractEventLoop,
        waiting: Sequence["asyncio.Future[None]"],
        kept: "asyncio.Future[StoreUnavailable | None]",
    ) -> None:
        self._flushing = False
        _tell(waiting, StoreUnavailable() if kept.cancelled() else kept.result())
        if self._waiting:
            self._flush(loop)


def _tell(waiting: Sequence["asyncio.Future[None]"], error: StoreUnavailable | None) -> None:
    for flushed in waiting:
        if flushed.done():  # whoever waited was cancelled
            continue
        if error is None:
            flushed.set_result(None)
        else:
            flushed.set_exception(error)
