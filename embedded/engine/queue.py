"""The queue for jobs that belong to no state machine."""

import sqlite3
from dataclasses import dataclass

from embedded.engine.dispatcher import Job
from embedded.engine.engine import Engine
from embedded.engine.journal import Journal, Statement
from promptpilot.clock import epoch_ms


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that was given up; `at_ms` says when, in milliseconds since 1970."""

    id: int
    body: str
    reason: str
    at_ms: int


class _QueuedJob(Job):
    """A job of the queue. A delivery is journaled before it happens, so that one which ends the
    process each time is given up too.
    """

    def __init__(self, id: int, body: str, receives: int, journal: Journal) -> None:
        super().__init__(body, receives)
        self._id = id
        self._journal = journal

    async def received(self) -> bool:
        await self._journal.commit(
            [("UPDATE engine_job SET receives = ? WHERE id = ?", (self.receives, self._id))]
        )
        return True

    def done(self) -> None:
        self._journal.add([_removal(self._id)])

    def abandoned(self, reason: str) -> None:
        self._journal.add(
            [
                (
                    "INSERT INTO engine_dead_letter (body, reason, at_ms) VALUES (?, ?, ?)",
                    (self.body, reason, epoch_ms()),
                ),
                _removal(self._id),
            ]
        )


def _removal(id: int) -> Statement:
    return ("DELETE FROM engine_job WHERE id = ?", (id,))


class EngineQueue:
    """The durable `StepQueue`: the engine's dispatcher delivers its jobs to the engine's worker."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        engine.at_start(self._recover)

    def send(self, body: str) -> None:
        """Queue one job, as JSON text. When this returns, the job is durable."""
        job = self._engine.database.write(lambda connection: _insert(connection, body))
        self._engine.on_loop(self._submit, job, body, 0)

    def release(self, receipt: str, seconds: int) -> None:
        """Nothing: the dispatcher delivers a job again by its own times, as soon as the worker has
        given it back.
        """

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """The jobs that were given up, oldest first."""
        rows = self._engine.database.rows(
            "SELECT id, body, reason, at_ms FROM engine_dead_letter ORDER BY id"
        )
        return tuple(DeadLetter(*row) for row in rows)

    def _recover(self) -> None:
        rows = self._engine.database.rows("SELECT id, body, receives FROM engine_job ORDER BY id")
        for row in rows:
            self._engine.on_loop(self._submit, *row)

    def _submit(self, id: int, body: str, receives: int) -> None:
        job = _QueuedJob(id, body, receives, self._engine.journal)
        self._engine.dispatcher.submit(job)


def _insert(connection: sqlite3.Connection, body: str) -> int:
    cursor = connection.execute("INSERT INTO engine_job (body) VALUES (?)", (body,))
    assert cursor.lastrowid is not None
    return cursor.lastrowid
