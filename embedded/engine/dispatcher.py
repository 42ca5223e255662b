"""Hands jobs to the worker as SQS would: at least once, in order of arrival, so many at a time."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from embedded.engine.names import ACCOUNT, QUEUE_ARN, REGION, Serial
from promptpilot.clock import epoch_ms

Worker = Callable[[dict[str, Any]], Awaitable[Mapping[str, Any]]]
"""Takes an SQS event of one record; what it reports in `batchItemFailures` it wants again."""

OnAbandoned = Callable[[dict[str, Any]], object]
"""Takes the event of a job that was given up, as a consumer of dead letters would."""

_messages = Serial()
logger = logging.getLogger(__name__)


class Job:
    """One message for the worker; `receives` counts its deliveries."""

    def __init__(self, body: str, receives: int = 0) -> None:
        self.body = body
        self.receives = receives
        self.message = _messages.next()
        self.sent_ms = epoch_ms()

    async def received(self) -> bool:
        """About to be delivered; False drops the job."""
        return True

    def done(self) -> None:
        """The worker has taken it."""

    def abandoned(self, reason: str) -> None:
        """The worker has failed on it every time it was delivered."""


class Dispatcher:
    """Delivers each job in a task of its own on the event loop.

    A job that fails is delivered again after each of `redelivery_seconds`, then abandoned.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        worker: Worker,
        *,
        max_concurrency: int,
        redelivery_seconds: Sequence[float],
        on_abandoned: OnAbandoned,
    ) -> None:
        self._loop = loop
        self._worker = worker
        self._max_concurrency = max_concurrency
        self._redelivery_seconds = redelivery_seconds
        self._on_abandoned = on_abandoned
        self._waiting: deque[Job] = deque()
        self._running: set[asyncio.Task[str | None]] = set()
        self._open = True

    def submit(self, job: Job) -> None:
        """Deliver the job as soon as there is room, if it may be delivered once more."""
        if job.receives > len(self._redelivery_seconds):
            self._abandon(job, f"Delivered {job.receives} times; the process ended each time.")
        else:
            self._waiting.append(job)
            self._fill()

    def _fill(self) -> None:
        while self._open and self._waiting and len(self._running) < self._max_concurrency:
            job = self._waiting.popleft()
            task = self._loop.create_task(self._deliver(job))
            self._running.add(task)
            task.add_done_callback(partial(self._finish, job))

    async def _deliver(self, job: Job) -> str | None:
        """Why it failed; None when it did not."""
        job.receives += 1
        if not await job.received():
            return None
        answer = await self._worker(_event(job))
        failures = answer.get("batchItemFailures") or ()
        if any(failure.get("itemIdentifier") == job.message for failure in failures):
            return "the worker reported a failure"
        return None

    def _finish(self, job: Job, task: "asyncio.Task[str | None]") -> None:
        self._running.discard(task)
        if not task.cancelled():
            error = task.exception()
            if error is not None:
                logger.warning("a worker failed", exc_info=error, extra={"message_id": job.message})
            reason = task.result() if error is None else f"{type(error).__name__}: {error}"
            if reason is None:
                job.done()
            else:
                self._fail(job, reason)
        self._fill()

    def _fail(self, job: Job, reason: str) -> None:
        if job.receives <= len(self._redelivery_seconds):
            self._loop.call_later(self._redelivery_seconds[job.receives - 1], self.submit, job)
        else:
            told = f"Delivered {job.receives} times, the last time in vain: {reason}"
            self._abandon(job, told)

    def _abandon(self, job: Job, reason: str) -> None:
        job.abandoned(reason)
        self._on_abandoned(_event(job))

    async def shut_down(self, grace_seconds: float) -> None:
        """Deliver nothing more; what runs may finish within the grace, then it is cancelled."""
        self._open = False
        if self._running:
            await asyncio.wait(self._running, timeout=grace_seconds)
        remaining = set(self._running)
        for task in remaining:
            task.cancel()
        if remaining:
            await asyncio.wait(remaining, timeout=1.0)


def _event(job: Job) -> dict[str, Any]:
    record = {
        "messageId": job.message,
        "receiptHandle": f"{job.message}#{job.receives}",
        "body": job.body,
        "attributes": {
            "ApproximateReceiveCount": str(job.receives),
            "SentTimestamp": str(job.sent_ms),
            "SenderId": ACCOUNT,
            "ApproximateFirstReceiveTimestamp": str(job.sent_ms),
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE_ARN,
        "awsRegion": REGION,
    }
    return {"Records": [record]}
