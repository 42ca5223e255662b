"""The executions that are in memory. Everything here happens on the event loop's thread."""

import asyncio

from embedded.database import Database
from embedded.engine.execution import Execution, Services
from embedded.engine.failures import RUNTIME
from embedded.engine.journal import Journal
from embedded.engine.machines import workflow_of
from embedded.engine.records import ExecutionRow, Standing, end_execution, is_running
from embedded.engine.state_machine import StateMachine
from embedded.engine.status_events import StatusEvents
from embedded.engine.task_tokens import DURABLE, LOST, Acknowledge
from promptpilot.clock import epoch_ms

SUSPEND_SECONDS = 1.0


class Executions:
    """Begins executions, finds them by name, and tells how they end."""

    def __init__(self, database: Database, journal: Journal, status: StatusEvents) -> None:
        self._database = database
        self._journal = journal
        self._status = status
        self._running: dict[str, Execution] = {}
        self._stops: dict[str, tuple[str, str, Acknowledge]] = {}

    def begin(
        self,
        row: ExecutionRow,
        machine: StateMachine,
        services: Services,
        standing: Standing,
    ) -> None:
        """Run an execution that is in the journal, unless it runs already."""
        known = self._running.get(row.name)
        if known is not None and known.running:
            return
        execution = Execution(row, machine, services, standing)
        self._running[row.name] = execution
        stop = self._stops.pop(row.name, None)
        if stop is not None:
            _stop(execution, *stop)
            return
        self._status.begun(row, machine.workflow)
        execution.begin()

    def stop(self, name: str, error: str, cause: str, acknowledge: Acknowledge) -> None:
        """End an execution; acknowledged when that is durable, or there is nothing to end."""
        execution = self._running.get(name)
        if execution is not None:
            _stop(execution, error, cause, acknowledge)
        elif is_running(self._database, name):  # journaled by `start`, about to begin here
            self._stops[name] = (error, cause, acknowledge)
        else:
            acknowledge(LOST)

    def ended(self, execution: Execution) -> None:
        """The execution's end is durable."""
        if self._running.get(execution.name) is execution:
            del self._running[execution.name]
        self.tell(execution.row, execution.events)

    def tell(self, row: ExecutionRow, events: int | None = None) -> None:
        """Tell how an execution ended; `events` is the length of its history, where known."""
        self._status.ended(row, workflow_of(row.machine), events)

    def give_up(self, row: ExecutionRow, reason: str) -> None:
        """End an execution whose machine cannot be run any more."""
        ended = row.ended("FAILED", epoch_ms(), error=RUNTIME, cause=reason)
        durable = self._journal.commit(end_execution(ended))
        durable.add_done_callback(lambda _: self.tell(ended))

    def settling(self) -> bool:
        """Whether a result that came in, or an end, is not durable yet."""
        return any(execution.settling for execution in self._running.values())

    async def suspend(self) -> None:
        """Run nothing any more; the journal holds where each one goes on."""
        ending = {task for each in self._running.values() for task in each.suspend()}
        if ending:
            await asyncio.wait(ending, timeout=SUSPEND_SECONDS)


def _stop(execution: Execution, error: str, cause: str, acknowledge: Acknowledge) -> None:
    execution.stop(error, cause).add_done_callback(lambda _: acknowledge(DURABLE))
