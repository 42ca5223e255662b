"""Telling the product how executions stand, in the events that EventBridge would bring."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from embedded.engine.journal import Journal
from embedded.engine.names import ACCOUNT, REGION, Serial, execution_arn, machine_arn
from embedded.engine.records import ExecutionRow, close_execution
from embedded.engine.timestamps import iso_time

OnStatus = Callable[[dict[str, Any]], None]
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 30.0

_events = Serial()
logger = logging.getLogger(__name__)


def status_event(row: ExecutionRow, workflow: str) -> dict[str, Any]:
    """The event "Step Functions Execution Status Change" of the status that `row` is in."""
    arn = execution_arn(workflow, row.name)
    return {
        "version": "0",
        "id": _events.next(),
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": ACCOUNT,
        "time": iso_time(row.ended_ms or row.started_ms),
        "region": REGION,
        "resources": [arn],
        "detail": {
            "executionArn": arn,
            "stateMachineArn": machine_arn(workflow),
            "name": row.name,
            "status": row.status,
            "startDate": row.started_ms,
            "stopDate": row.ended_ms,
            "input": row.input,
            "output": row.output,
            "error": row.error,
            "cause": row.cause,
            "redriveCount": row.redrives,
        },
    }


class StatusEvents:
    """Calls `on_status`, one event at a time, in a thread of its own.

    An end is told until `on_status` has returned once, also after a restart; only then is the
    execution closed in the journal. That one runs is told once, and only of those that run longer
    than `running_delay` seconds: it informs, and shall cost a short execution nothing.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        journal: Journal,
        on_status: OnStatus,
        running_delay: float,
    ) -> None:
        self._loop = loop
        self._journal = journal
        self._on_status = on_status
        self._running_delay = running_delay
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="status")
        self._timers: dict[int, asyncio.TimerHandle | None] = {}
        """Of the executions that run, what will tell so; None once it has."""
        self._open = True

    def begun(self, row: ExecutionRow, workflow: str) -> None:
        """The execution runs."""
        self._timers[row.id] = self._loop.call_later(
            self._running_delay, self._tell_running, row, workflow
        )

    def _tell_running(self, row: ExecutionRow, workflow: str) -> None:
        self._timers[row.id] = None
        if not self._open:
            return
        future = self._thread.submit(self._on_status, status_event(row, workflow))
        future.add_done_callback(_log_failure)

    def ended(self, row: ExecutionRow, workflow: str, pause: float = FIRST_PAUSE_SECONDS) -> None:
        """The execution has ended, and that is durable."""
        timer = self._timers.pop(row.id, None)
        if timer is not None:
            timer.cancel()
        if not self._open:
            return
        future = self._thread.submit(self._on_status, status_event(row, workflow))
        future.add_done_callback(
            lambda future: self._loop.call_soon_threadsafe(self._told, future, row, workflow, pause)
        )

    def _told(self, future: "Future[None]", row: ExecutionRow, workflow: str, pause: float) -> None:
        _log_failure(future)
        if future.cancelled():
            return
        if future.exception() is None:
            self._journal.add(close_execution(row))
        else:
            longer = min(pause * 2, LONGEST_PAUSE_SECONDS)
            self._loop.call_later(pause, self._tell_again, row, workflow, longer)

    def _tell_again(self, row: ExecutionRow, workflow: str, pause: float) -> None:
        if row.id not in self._timers:  # else it was resumed, and has not ended any more
            self.ended(row, workflow, pause)

    def shut_down(self) -> None:
        """Finish the call under way; what was not told is told at the next start."""
        self._open = False
        self._thread.shutdown(wait=True, cancel_futures=True)


def _log_failure(future: "Future[None]") -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        logger.warning("a status event was not taken", exc_info=error)
