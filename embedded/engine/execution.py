"""One execution of a state machine, from its start or its journal to its end."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from embedded.engine.dispatcher import Dispatcher
from embedded.engine.evaluation import Evaluator
from embedded.engine.failures import DATA_LIMIT_EXCEEDED, RUNTIME, TIMEOUT, StateFailed
from embedded.engine.frame import Frame
from embedded.engine.journal import Journal
from embedded.engine.names import ROLE_ARN, execution_arn, machine_arn
from embedded.engine.payload import MAX_VARIABLES_BYTES, decode
from embedded.engine.records import ExecutionRow, Standing, Status, end_execution
from embedded.engine.snapshot import Snapshot, Variable
from embedded.engine.state_machine import StateMachine
from embedded.engine.task_tokens import LONGEST_TIMER_SECONDS, LOST, TaskTokens
from embedded.engine.timestamps import iso_time
from embedded.engine.turn import OnProgress, Staged, Turn
from promptpilot.clock import epoch_ms

ROOT = ""
"""The path of the frame that every execution begins with."""
MAX_EVENTS = 25_000
"""Of an execution's history, as Step Functions counts it."""

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
    on_progress: OnProgress
    repeats_alike: bool
    """Whether the worker gives a job that it has done before the result it gave then."""


class Execution:
    """A running execution. Everything happens on the event loop's thread."""

    def __init__(
        self, row: ExecutionRow, machine: StateMachine, services: Services, standing: Standing
    ) -> None:
        self.row = row
        self.name = row.name
        self.machine = machine
        self.evaluator = services.evaluator
        self.tokens = services.tokens
        self.dispatcher = services.dispatcher
        self._input = decode(row.input)
        self.context = _context(row, machine, self._input, standing)
        self._services = services
        self._standing = standing
        self._last_event = standing.last_event
        self._events = sum(each.events for each in standing.snapshots.values())
        self._variable_bytes = 0
        self._root = self._root_frame()
        self._turn: Turn | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._suspended = False
        self._durable: asyncio.Future[None] | None = None
        """Once it has ended: done when that is journaled."""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._durable is None

    @property
    def events(self) -> int:
        """How many events its history has, as Step Functions counts them."""
        return self._events

    @property
    def settling(self) -> bool:
        """Whether it has a result, or its end, that is not durable yet."""
        pending = self._turn is not None and not self._turn.over
        return pending or not self.running or any(each.news.settling for each in self._root.tree())

    def begin(self) -> None:
        """Run from the start, or from where the journal stands."""
        self.spawn(self._run(self._root)).add_done_callback(self._check)
        self._watch()

    def _root_frame(self) -> Frame:
        started_ms = self.row.started_ms
        snapshot, variables = self.journaled(ROOT)
        if snapshot is None:  # as the execution's own row says it
            self._events += 1
            snapshot = Snapshot(
                *(ROOT, self.machine.states.start_at, self.row.input, started_ms, started_ms),
                *(None, {}, 1),
            )
            given = self._input
        else:
            given = decode(snapshot.input)
        frame = Frame(self, self.machine.states, snapshot, input=given)
        if not self._last_event:
            frame.note("state_entered")
        frame.restore(variables)
        return frame

    def journaled(self, path: str) -> tuple[Snapshot | None, Sequence[Variable]]:
        """Where the frame at `path` stood when the engine stopped; asked once."""
        standing = self._standing
        return standing.snapshots.pop(path, None), standing.variables.pop(path, ())

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run beside the others until the execution ends."""
        task = self._services.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _watch(self) -> None:
        """End the execution when its time is over, else look again when it may be."""
        if self.machine.timeout_seconds is None:
            return
        begun_ms = self._standing.resumed_ms or self.row.started_ms
        passed = max(0.0, (epoch_ms() - begun_ms) / 1000)
        self._watch_for(self.machine.timeout_seconds - passed)

    def _watch_for(self, seconds: float) -> None:
        if seconds <= 0:
            self._time_out()
            return
        part = min(seconds, LONGEST_TIMER_SECONDS)
        self._timer = self._services.loop.call_later(part, self._watch_for, seconds - part)

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

    def suspend(self) -> "set[asyncio.Task[None]]":
        """Do nothing any more; what is journaled goes on when the engine starts again. Returns the
        tasks that are about to end.
        """
        self._suspended = True
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        for frame in self._root.tree():
            acknowledges, frame.news.acknowledges = frame.news.acknowledges, []
            for acknowledge in acknowledges:
                acknowledge(LOST)
        return set(self._tasks)

    def _end(self, status: Status, **how: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.row = self.row.ended(status, epoch_ms(), **how)
        turn = self._open_turn()
        turn.late.clear()
        if status == "SUCCEEDED":
            self._root.news.stage(turn)
        else:  # whoever resumes it finds each frame where it stood
            for frame in self._root.tree():
                frame.changed = True
                frame.stage(turn)
        turn.statements += end_execution(self.row)
        # Success is told by a write that is durable and comes later; a stop is promised here.
        turn.durable |= status != "SUCCEEDED"
        self._durable = turn.wait(self._services.loop)
        self._durable.add_done_callback(lambda _: self._services.ended(self))

    def _open_turn(self, *, late: bool = False) -> Turn:
        turn, journal = self._turn, self._services.journal
        if turn is not None and not turn.over:
            if not late:
                journal.hurry()
            return turn
        if turn is not None:
            self._last_event = turn.last
        turn = Turn(self.row.id, self.name, self._last_event, self._services.on_progress)
        self._turn = turn
        if late:
            journal.submit_late(turn)
        else:
            journal.submit(turn)
        return turn

    def _require_open(self) -> None:
        if self._suspended or not self.running:
            raise asyncio.CancelledError  # its journal is closed

    def stage(self, frame: Staged) -> Turn:
        """Journal soon where the frame stands, and those around it."""
        self._require_open()
        turn = self._open_turn()
        frame.stage(turn)
        return turn

    def stage_late(self, frame: Staged) -> None:
        """Journal where the frame stands some time, with the next commit or shortly."""
        if not self._services.repeats_alike:
            self.stage(frame)
            return
        self._require_open()
        self._open_turn(late=True).late[frame] = None

    @property
    def repeats_alike(self) -> bool:
        """See `Services`."""
        return self._services.repeats_alike

    def save(self, frame: Staged) -> "asyncio.Future[None]":
        """Journal it soon; the future is done when it is journaled."""
        return self.stage(frame).wait(self._services.loop)

    def count_events(self, events: int) -> None:
        """Count towards the history's limit. Raises `StateFailed` with States.Runtime past it."""
        self._events += events
        if self._events > MAX_EVENTS:
            cause = f"The execution would have more than {MAX_EVENTS} history events."
            raise StateFailed(RUNTIME, cause)

    def count_variable_bytes(self, grown: int) -> None:
        """Count towards the limit of all variables. Raises `StateFailed` past it."""
        if self._variable_bytes + grown > MAX_VARIABLES_BYTES:
            cause = f"All variables together have more than {MAX_VARIABLES_BYTES} bytes of JSON."
            raise StateFailed(DATA_LIMIT_EXCEEDED, cause)
        self._variable_bytes += grown


def _context(
    row: ExecutionRow, machine: StateMachine, input: Any, standing: Standing
) -> dict[str, Any]:
    execution = {
        "Id": execution_arn(machine.workflow, row.name),
        "Input": input,
        "Name": row.name,
        "RedriveCount": row.redrives,
        "RoleArn": ROLE_ARN,
        "StartTime": iso_time(row.started_ms),
    }
    if standing.resumed_ms is not None:
        execution["RedriveTime"] = iso_time(standing.resumed_ms)
    state_machine = {"Id": machine_arn(machine.workflow), "Name": machine.workflow}
    return {"Execution": execution, "StateMachine": state_machine}
