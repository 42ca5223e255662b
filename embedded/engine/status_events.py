"""Telling the product how executions stand, in the events that EventBridge would bring."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from embedded.engine.journal import Journal
from embedded.engine.names import ACCOUNT, REGION, Serial, execution_arn, machine_arn
from embedded.engine.records import ExecutionRow, close_execution
from embedded.engine.timestamps import iso_time
from promptpilot.ports.offload import Offload

P = ParamSpec("P")
T = TypeVar("T")

OnStatus = Callable[[dict[str, Any]], None]
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 30.0
SHORT_EVENTS = 200
"""An execution of no more events of history is told about quickly: what follows reads its logs."""

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
    """Calls `on_status`: of short executions by `offload`, where there is one, which may make the
    call on the loop; of long ones in a thread of its own, one after the other.

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
        offload: Offload | None,
    ) -> None:
        self._loop = loop
        self._journal = journal
        self._on_status = on_status
        self._running_delay = running_delay
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="status")
        self._offload: Offload = offload or self._apart
        self._telling: set[asyncio.Task[None]] = set()
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
        self._tell(row, workflow, self._offload, _log_failure)

    def ended(self, row: ExecutionRow, workflow: str, events: int | None = None) -> None:
        """The execution has ended, and that is durable. `events` is the length of its history,
        where it is known.
        """
        timer = self._timers.pop(row.id, None)
        if timer is not None:
            timer.cancel()
        short = events is not None and events <= SHORT_EVENTS
        self._tell_end(row, workflow, FIRST_PAUSE_SECONDS, self._offload if short else self._apart)

    def _tell_end(self, row: ExecutionRow, workflow: str, pause: float, offload: Offload) -> None:
        self._tell(row, workflow, offload, partial(self._told, row, workflow, pause))

    def _tell(
        self,
        row: ExecutionRow,
        workflow: str,
        offload: Offload,
        told: Callable[["asyncio.Task[None]"], None],
    ) -> None:
        if not self._open:
            return
        task = self._loop.create_task(self._call(status_event(row, workflow), offload))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        task.add_done_callback(told)

    async def _call(self, event: dict[str, Any], offload: Offload) -> None:
        await offload(self._on_status, event)

    async def _apart(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._loop.run_in_executor(self._thread, partial(call, *args, **kwargs))

    def _told(
        self, row: ExecutionRow, workflow: str, pause: float, task: "asyncio.Task[None]"
    ) -> None:
        _log_failure(task)
        if task.cancelled():
            return
        if task.exception() is None:
            self._journal.add(close_execution(row))
        else:
            longer = min(pause * 2, LONGEST_PAUSE_SECONDS)
            self._loop.call_later(pause, self._tell_again, row, workflow, longer)

    def _tell_again(self, row: ExecutionRow, workflow: str, pause: float) -> None:
        if row.id not in self._timers:  # else it was resumed, and has not ended any more
            self._tell_end(row, workflow, pause, self._apart)

    async def shut_down(self) -> None:
        """Finish the calls under way; what was not told is told at the next start."""
        self._open = False
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._telling:
            await asyncio.wait(self._telling)


def _log_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.warning("a status event was not taken", exc_info=error)
