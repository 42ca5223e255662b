"""One execution of a state machine, from its start or its journal to its end."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedded.engine.dispatcher import Dispatcher
from embedded.engine.evaluation import Evaluator
from embedded.engine.failures import DATA_LIMIT_EXCEEDED, RUNTIME, TIMEOUT, StateFailed
from embedded.engine.frame import Frame
from embedded.engine.journal import Journal
from embedded.engine.names import ROLE_ARN, execution_arn, machine_arn
from embedded.engine.payload import MAX_VARIABLES_BYTES, decode
from embedded.engine.records import ExecutionRow, Status, end_execution, save_frame
from embedded.engine.snapshot import Snapshot, Variable
from embedded.engine.state_machine import StateMachine
from embedded.engine.task_tokens import LOST, Acknowledge, TaskTokens
from embedded.engine.timestamps import iso_time
from promptpilot.clock import epoch_ms

ROOT = ""
"""The path of the frame that every execution begins with."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What all executions of an engine share."""

    loop: asyncio.AbstractEventLoop
    journal: Journal
    evaluator: Evaluator
    tokens: TaskTokens
    dispatcher: Dispatcher
    ended: "Callable[[Execution], None]"
    """Called when the end of an execution is durable."""


class Execution:
    """A running execution. Everything happens on the event loop's thread."""

    def __init__(self, row: ExecutionRow, machine: StateMachine, services: Services) -> None:
        self.row = row
        self.name = row.name
        self.machine = machine
        self.evaluator = services.evaluator
        self.tokens = services.tokens
        self.dispatcher = services.dispatcher
        self._input = decode(row.input)
        self.context = _context(row, machine, self._input)
        self._services = services
        self._events = 0
        self._variable_bytes = 0
        self._frames: list[Frame] = []
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._durable: asyncio.Future[None] | None = None
        """Once it has ended: done when that is journaled."""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._durable is None

    @property
    def settling(self) -> bool:
        """Whether it has a result, or its end, that is not durable yet."""
        return not self.running or any(frame.settling for frame in self._frames)

    def begin(
        self, snapshots: Mapping[str, Snapshot] | None = None, variables: Sequence[Variable] = ()
    ) -> None:
        """Run from the start, or from where the journal stands."""
        loop = self._services.loop
        self._task = loop.create_task(self._run(self._root_frame(snapshots or {}, variables)))
        self._task.add_done_callback(self._check)
        if self.machine.timeout_seconds is not None:
            passed = (epoch_ms() - self.row.started_ms) / 1000
            left = max(0.0, self.machine.timeout_seconds - passed)
            self._timer = loop.call_later(left, self._time_out)

    def _root_frame(
        self, snapshots: Mapping[str, Snapshot], variables: Sequence[Variable]
    ) -> Frame:
        started_ms = self.row.started_ms
        snapshot = snapshots.get(ROOT) or Snapshot(
            ROOT, self.machine.start_at, self.row.input, started_ms, started_ms, None, {}, 1
        )
        self._events = sum(each.events for each in snapshots.values()) or snapshot.events
        given = decode(snapshot.input) if ROOT in snapshots else self._input
        frame = Frame(self, self.machine.states, snapshot, input=given)
        for variable in variables:
            self._variable_bytes += len(variable.text)
            frame.restore(variable)
        self._frames.append(frame)
        return frame

    async def _run(self, frame: Frame) -> None:
        try:
            last = await frame.run()
        except StateFailed as failure:
            self._end("FAILED", error=failure.error, cause=failure.cause)
        else:
            self._end("SUCCEEDED", output=last.text)

    def _check(self, task: "asyncio.Task[None]") -> None:
        """A defect of ours ends the execution; it must not hang."""
        defect = None if task.cancelled() else task.exception()
        if defect is not None and self.running:
            logger.error("the engine met a defect", exc_info=defect, extra={"execution": self.name})
            self._end("FAILED", error=RUNTIME, cause=f"The engine failed: {defect!r}")

    def _time_out(self) -> None:
        cause = f"The execution took more than {self.machine.timeout_seconds:g} seconds."
        self._halt("TIMED_OUT", TIMEOUT, cause)

    def stop(self, error: str, cause: str) -> "asyncio.Future[None]":
        """End at once; no state is entered afterwards. One that has ended is left alone.

        The future is done when the end is durable, this one or the earlier.
        """
        return self._halt("ABORTED", error, cause)

    def _halt(self, status: Status, error: str, cause: str) -> "asyncio.Future[None]":
        if self._durable is None:
            self.suspend()
            self._end(status, error=error, cause=cause)
        assert self._durable is not None
        return self._durable

    def suspend(self) -> None:
        """Do nothing any more; what is journaled goes on when the engine starts again."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
        for acknowledge in self._take_acknowledges():
            acknowledge(LOST)

    def _end(self, status: Status, **how: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.row = self.row.ended(status, epoch_ms(), **how)
        self._durable = self._services.journal.commit(
            end_execution(self.row), self._take_acknowledges()
        )
        self._durable.add_done_callback(lambda _: self._services.ended(self))

    def _take_acknowledges(self) -> list[Acknowledge]:
        return [each for frame in self._frames for each in frame.take_acknowledges()]

    def save(self, frame: Frame, acknowledges: Sequence[Acknowledge]) -> "asyncio.Future[None]":
        """Journal where the frame stands; the future is done when that is written.

        It is flushed to the disk where somebody is told of it. Otherwise a loss of power sets the
        execution back to an earlier snapshot, and what it sends again is answered from the logs.
        """
        statements = save_frame(self.row.id, frame.snapshot(), frame.take_unsaved())
        journal = self._services.journal
        return journal.commit(statements, acknowledges, durable=bool(acknowledges))

    def count_events(self, events: int) -> int:
        """Count towards the history's limit; the sum so far."""
        self._events += events
        return self._events

    def count_variable_bytes(self, grown: int) -> None:
        """Count towards the limit of all variables. Raises `StateFailed` past it."""
        if self._variable_bytes + grown > MAX_VARIABLES_BYTES:
            cause = f"All variables together have more than {MAX_VARIABLES_BYTES} bytes of JSON."
            raise StateFailed(DATA_LIMIT_EXCEEDED, cause)
        self._variable_bytes += grown


def _context(row: ExecutionRow, machine: StateMachine, input: Any) -> dict[str, Any]:
    execution = {
        "Id": execution_arn(machine.workflow, row.name),
        "Input": input,
        "Name": row.name,
        "RoleArn": ROLE_ARN,
        "StartTime": iso_time(row.started_ms),
    }
    state_machine = {"Id": machine_arn(machine.workflow), "Name": machine.workflow}
    return {"Execution": execution, "StateMachine": state_machine}
