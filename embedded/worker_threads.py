"""The threads that requests run in: handlers block, on a password's hash or on a workflow's end.

A pool of the standard library would keep the process from ending until its last request has, and
costs twice as much a call.
"""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

Job = Callable[[], None]


class WorkerThreads:
    """At most `limit` daemon threads, started as they are needed."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = 0
        self._busy = 0

    @property
    def full(self) -> bool:
        """Whether one more call would have to wait for a thread."""
        return self._busy >= self._limit

    async def run(self, call: Callable[..., T], *args: Any) -> T:
        """The result of a call made in one of the threads. Await it in one event loop only."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def job() -> None:
            try:
                result = call(*args)
            except BaseException as error:  # noqa: BLE001 - whoever awaits the call gets it
                _tell(loop, _fail, future, error)
            else:
                _tell(loop, _succeed, future, result)

        self._busy += 1
        try:
            if self._busy > self._threads and self._threads < self._limit:
                self._start_thread()
            self._jobs.put(job)
            return await future
        finally:
            self._busy -= 1

    def close(self) -> None:
        """End the threads that have nothing to do; the others end after their call."""
        for _ in range(self._threads):
            self._jobs.put(None)

    def _start_thread(self) -> None:
        self._threads += 1
        name = f"request-{self._threads}"
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # or its request would be kept until the next one comes


def _tell(loop: asyncio.AbstractEventLoop, tell: Callable[..., None], *args: object) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(tell, *args)


def _succeed(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
