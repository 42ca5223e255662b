"""The embedded engine: runs state machines durably, on an event loop in a thread of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from embedded.database import Database
from embedded.engine.dispatcher import Dispatcher, OnAbandoned, Worker
from embedded.engine.evaluation import Evaluator
from embedded.engine.event_loop import EventLoop
from embedded.engine.execution import Services
from embedded.engine.executions import Executions
from embedded.engine.history import history_of
from embedded.engine.journal import SCHEMA, Journal
from embedded.engine.machines import Machines
from embedded.engine.names import name_in
from embedded.engine.payload import MAX_PAYLOAD_BYTES, byte_size, decode, encode
from embedded.engine.records import (
    Standing,
    abort_execution,
    count_boot,
    execution_named,
    insert_execution,
    output_of,
    standing_of,
)
from embedded.engine.recovery import recover
from embedded.engine.resumption import resume_execution
from embedded.engine.sandbox import Sandbox
from embedded.engine.status_events import OnStatus, StatusEvents
from embedded.engine.task_tokens import (
    Acknowledge,
    Outcome,
    TaskFailure,
    TaskSuccess,
    TaskTokens,
    nobody,
)
from embedded.engine.turn import OnProgress
from promptpilot.clock import epoch_ms
from promptpilot.errors import Invalid, NotFound, StoreUnavailable, TooLarge
from promptpilot.ports.offload import Offload
from promptpilot.ports.orchestrator import HistoryEvent, Machine

ANSWER_SECONDS = 10.0
"""How long a caller of another thread waits until what it asked for is durable."""
SETTLE_SECONDS = 3.0
"""How long a stop waits until results that came in are journaled."""
POLL_SECONDS = 0.005


class Engine:
    """An `Orchestrator` for one process. Its methods may be called from any thread.

    From the loop's own thread, where the worker runs, a task's completion is accepted at once and
    journaled at the end of the loop's turn; should the process die in between, the job is delivered
    again. Everything else is durable on return.
    """

    def __init__(
        self,
        database: Database,
        *,
        worker: Worker,
        on_status: OnStatus,
        on_abandoned: OnAbandoned = lambda _: None,
        on_progress: OnProgress = lambda _: None,
        max_concurrency: int = 1_000,
        redelivery_seconds: Sequence[float] = (1.0, 10.0),
        running_delay: float = 0.2,
        evaluation_seconds: float = 2.0,
        repeats_alike: bool = False,
        offload: Offload | None = None,
    ) -> None:
        """`redelivery_seconds` are the pauses before a failed job is delivered again; after the
        last delivery it is given up, and `on_abandoned` gets it. `on_progress` gets the name of an
        execution whose history has grown, on the loop's thread, once for each commit. That an
        execution runs is told after `running_delay` seconds. One expression may take
        `evaluation_seconds` on the processor. `repeats_alike` says that the worker keeps its
        results and answers a job that it has done before from there: then not every step need be
        journaled before the next, and an execution may stand some steps back after a crash.
        `offload` is how the loop makes calls that take a moment; without it they are made in a
        thread.
        """
        database.execute_script(SCHEMA)
        self.database = database
        self._thread = EventLoop("engine")
        self.loop = self._thread.loop
        self.journal = Journal(database, self.loop)
        self.dispatcher = Dispatcher(
            self.loop,
            worker,
            max_concurrency=max_concurrency,
            redelivery_seconds=redelivery_seconds,
            on_abandoned=on_abandoned,
        )
        self._status = StatusEvents(self.loop, self.journal, on_status, running_delay, offload)
        self._executions = Executions(database, self.journal, self._status)
        self._tokens = TaskTokens(self.loop, database.write(count_boot))
        self._sandbox = Sandbox(evaluation_seconds)
        self._machines = Machines(database)
        self._services = Services(
            loop=self.loop,
            journal=self.journal,
            evaluator=Evaluator(self._sandbox),
            tokens=self._tokens,
            dispatcher=self.dispatcher,
            ended=self._executions.ended,
            on_progress=on_progress,
            repeats_alike=repeats_alike,
        )
        self._at_start: list[Callable[[], None]] = []
        self._at_stop: list[Callable[[], Awaitable[None]]] = []

    def start_up(self) -> None:
        """Run, and go on with every execution that has not ended."""
        self._thread.start()
        recover(self.database, self._machines, self._executions, self._services, self.on_loop)
        for callback in self._at_start:
            callback()

    def at_start(self, callback: Callable[[], None]) -> None:
        """Have something else go on at start as well."""
        self._at_start.append(callback)

    def at_stop(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Have something closed on the loop once the worker has nothing more to do."""
        self._at_stop.append(callback)

    def shut_down(self, grace_seconds: float) -> None:
        """Dispatch nothing more, let the worker finish within the grace, journal what came in.

        What is unfinished then goes on at the next start.
        """
        try:
            if self._thread.running:
                self._thread.run(self._settle(grace_seconds), grace_seconds + 2 * SETTLE_SECONDS)
                self._thread.run(self._status.shut_down(), None)
                self._thread.run(self._suspend(), 2 * SETTLE_SECONDS)
        finally:
            self._thread.stop()
            self._sandbox.close()

    async def _settle(self, grace_seconds: float) -> None:
        await self.dispatcher.shut_down(grace_seconds)
        # Polled, since only the end of a process asks: no step is to pay for telling.
        deadline = self.loop.time() + SETTLE_SECONDS
        while self._executions.settling() and self.loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)

    async def _suspend(self) -> None:
        self.journal.flush()
        await self._executions.suspend()
        self.journal.flush(durable=True)
        for callback in self._at_stop:
            await callback()

    def on_loop(self, call: Callable[..., object], *args: Any) -> bool:
        """Call on the loop's thread. False, and no call, where it does not run: before `start_up`,
        which recovers all there is, and after `shut_down`.
        """
        return self._thread.call(call, *args)

    def publish(self, machine: Machine) -> None:
        """Make the machine known; again is fine. Raises `DocumentInvalid` with every problem."""
        self._machines.publish(machine)

    def start(self, machine: Machine, name: str, input: Mapping[str, Any]) -> None:
        """Start an execution; a name that was used before starts nothing.

        Raises `TooLarge` for an input over 256 KiB of JSON, `Invalid` for one that is no JSON.
        """
        compiled = self._machines.publish(machine)
        text = _json_text(input, "An execution's input")
        row = self.database.write(
            lambda connection: insert_execution(connection, name, compiled.key, epoch_ms(), text)
        )
        if row is not None:
            self.on_loop(self._executions.begin, row, compiled, self._services, Standing())

    def resume(self, machine: Machine, name: str, *, times: int) -> None:
        """Go on with an execution that did not succeed, see `Orchestrator.resume`."""
        known = execution_named(self.database.read(), name)
        if known is None:
            raise NotFound(kind="execution", id=name)
        compiled = self._machines.load(known.machine)
        row = resume_execution(self.database, name, times, compiled.maps)
        if row is not None:
            standing = standing_of(self.database, row.id)
            self.on_loop(self._executions.begin, row, compiled, self._services, standing)

    def history(
        self, machine: Machine, name: str, *, after: int, limit: int
    ) -> Sequence[HistoryEvent]:
        """What is journaled of an execution's history, see `Orchestrator.history`."""
        return history_of(self.database, self._machines, name, after=after, limit=limit)

    def stop(self, machine: Machine, name: str, *, error: str, cause: str) -> None:
        """Stop an execution: no state is entered afterwards. Names are unique among all machines
        here.
        """
        if self._thread.inside():
            self._executions.stop(name, error, cause, nobody)
            if not self.journal.flush(durable=True):
                raise StoreUnavailable
            return
        answer: Future[bool] = Future()
        if self.on_loop(self._executions.stop, name, error, cause, answer.set_result):
            _wait_for(answer)
        else:
            self.database.write(
                lambda connection: abort_execution(connection, name, error, cause, epoch_ms())
            )

    def output(self, arn: str) -> str | None:
        """What an ended execution has put out. Its event tells it too, whatever its size."""
        return output_of(self.database, name_in(arn))

    def forget_idle(self, since: datetime) -> int:
        """Nothing: a machine is a row that costs nothing, and an execution may be resumed on it."""
        return 0

    def succeed_task(self, token: str, output: Any) -> bool:
        """Give a waiting task its result. Raises `TooLarge` and `Invalid` as `start` does."""
        text = _json_text(output, "A task's output")
        value = decode(text)
        return self._settle_task(token, lambda acknowledge: TaskSuccess(value, text, acknowledge))

    def fail_task(self, token: str, error: str, cause: str) -> bool:
        """Fail a waiting task."""
        return self._settle_task(token, lambda acknowledge: TaskFailure(error, cause, acknowledge))

    def heartbeat_task(self, token: str) -> bool:
        """Say that the task's worker is alive."""
        if self._thread.inside():
            return self._tokens.beat(token)
        answer: Future[bool] = Future()
        asked = self.on_loop(lambda: answer.set_result(self._tokens.beat(token)))
        return asked and _wait_for(answer)

    def _settle_task(self, token: str, outcome: Callable[[Acknowledge], Outcome]) -> bool:
        if self._thread.inside():
            return self._tokens.settle(token, outcome(nobody))
        answer: Future[bool] = Future()

        def settle() -> None:
            if not self._tokens.settle(token, outcome(answer.set_result)):
                answer.set_result(False)

        return self.on_loop(settle) and _wait_for(answer)


def _wait_for(answer: "Future[bool]") -> bool:
    try:
        return answer.result(ANSWER_SECONDS)
    except TimeoutError as error:
        raise StoreUnavailable from error


def _json_text(value: Any, what: str) -> str:
    try:
        text = encode(value)
    except (ValueError, TypeError, RecursionError) as error:
        raise Invalid(f"{what} is no JSON: {error}") from error
    size = byte_size(text)
    if size > MAX_PAYLOAD_BYTES:
        raise TooLarge(what=what, limit=MAX_PAYLOAD_BYTES, size=size)
    return text
