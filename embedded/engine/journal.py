"""What the engine keeps in the database, and how it is written.

Changes that arise in one turn of the event loop are written in one transaction: a commit, the
dearest thing the engine does, is shared by all executions that wait for one.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from embedded.database import Database
from embedded.engine.task_tokens import DURABLE, LOST, Acknowledge
from promptpilot.errors import StoreUnavailable

SCHEMA = """
CREATE TABLE IF NOT EXISTS engine_boot (
    id INTEGER PRIMARY KEY CHECK (id = 1), count INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS engine_machine (key TEXT PRIMARY KEY, asl TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS engine_execution (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, machine TEXT NOT NULL, status TEXT NOT NULL,
    started_ms INTEGER NOT NULL, ended_ms INTEGER, input TEXT, output TEXT, error TEXT, cause TEXT,
    open INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS engine_execution_open ON engine_execution (id) WHERE open;
CREATE TABLE IF NOT EXISTS engine_frame (
    execution INTEGER NOT NULL, path TEXT NOT NULL, state TEXT NOT NULL, input TEXT NOT NULL,
    moment_ms INTEGER NOT NULL, entered_ms INTEGER NOT NULL, wake_ms INTEGER, retries TEXT NOT NULL,
    events INTEGER NOT NULL, PRIMARY KEY (execution, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS engine_variable (
    execution INTEGER NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (execution, path, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS engine_history (
    execution INTEGER NOT NULL, last INTEGER NOT NULL, events TEXT NOT NULL,
    PRIMARY KEY (execution, last)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS engine_resumption (
    execution INTEGER PRIMARY KEY, count INTEGER NOT NULL, at_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS engine_job (
    id INTEGER PRIMARY KEY, body TEXT NOT NULL, receives INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS engine_dead_letter (
    id INTEGER PRIMARY KEY, body TEXT NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL
);
"""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 2.0
LAZY_SECONDS = 0.05
"""How long a change that nobody waits for may wait for others to be written with."""

Statement = tuple[str, Sequence[Any]]
logger = logging.getLogger(__name__)


class Change:
    """What is to be written in one transaction, all or nothing, and who waits for that."""

    __slots__ = ("acknowledges", "durable", "over", "statements", "waiters")

    def __init__(
        self,
        statements: Iterable[Statement] = (),
        acknowledges: Iterable[Acknowledge] = (),
        *,
        durable: bool = False,
    ) -> None:
        self.statements = list(statements)
        self.acknowledges = list(acknowledges)
        self.durable = durable
        self.waiters: list[asyncio.Future[None]] = []
        self.over = False
        """Whether it is written or refused; until then, more may be added."""

    def text(self) -> Iterable[Statement]:
        """The statements, at the moment they are written."""
        return self.statements

    def wait(self, loop: asyncio.AbstractEventLoop) -> "asyncio.Future[None]":
        """Done when it is written."""
        waiter = loop.create_future()
        self.waiters.append(waiter)
        return waiter

    def settle(self) -> None:
        """It is written."""
        self.over = True
        for acknowledge in self.acknowledges:
            acknowledge(DURABLE)
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)

    def refuse(self, error: Exception) -> None:
        """The database does not take it."""
        self.over = True
        for acknowledge in self.acknowledges:
            acknowledge(LOST)
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_exception(error)


class Journal:
    """Writes changes, in the order they come, from the event loop's thread."""

    def __init__(self, database: Database, loop: asyncio.AbstractEventLoop) -> None:
        self._database = database
        self._loop = loop
        self._pending: list[Change] = []
        self._scheduled: asyncio.Handle | None = None
        self._urgent = False
        self._pause = FIRST_PAUSE_SECONDS
        self.down = False

    def commit(
        self, statements: Iterable[Statement], acknowledges: Sequence[Acknowledge] = ()
    ) -> "asyncio.Future[None]":
        """Write soon, together with what else arises; the future is done when that is on the disk.

        While the store is unavailable, it is tried again until it is back.
        """
        change = Change(statements, acknowledges, durable=True)
        self.submit(change)
        return change.wait(self._loop)

    def submit(self, change: Change) -> None:
        """Write the change soon, together with what else arises and what is added to it."""
        self._pending.append(change)
        self.hurry()

    def hurry(self) -> None:
        """Write soon what is to be written some time."""
        if not self._urgent:
            self._schedule(self._loop.call_soon(self.flush))
            self._urgent = True

    def submit_late(self, change: Change) -> None:
        """Write the change, and what is added to it, some time, with the next commit or shortly."""
        self._pending.append(change)
        if self._scheduled is None:
            self._schedule(self._loop.call_later(LAZY_SECONDS, self.flush))

    def add(self, statements: Iterable[Statement]) -> None:
        """Write some time, with the next commit or shortly; nobody waits for it."""
        self.submit_late(Change(statements))

    def _schedule(self, handle: asyncio.Handle) -> None:
        if self._scheduled is not None:
            self._scheduled.cancel()
        self._scheduled = handle

    def flush(self, *, durable: bool = False) -> bool:
        """Write everything now. False, with another try under way, where the store cannot."""
        if self._scheduled is not None:
            self._scheduled.cancel()
        self._scheduled, self._urgent = None, False
        batch = self._pending
        if not batch:
            return True
        try:
            written = self._write(batch, durable or any(change.durable for change in batch))
        except StoreUnavailable as error:
            self._try_again(error)
            return False
        self._pending, self._pause = [], FIRST_PAUSE_SECONDS
        if self.down:
            self.down = False
            logger.info("the engine's journal can be written again")
        for change in written:
            change.settle()
        return True

    def _write(self, batch: Sequence[Change], durable: bool) -> Sequence[Change]:
        """What could be written. A change that the database refuses fails alone."""
        try:
            self._database.write(lambda connection: _apply(connection, batch), durable=durable)
        except (sqlite3.Error, ValueError, OverflowError) as error:
            if len(batch) > 1:
                return [written for change in batch for written in self._write([change], durable)]
            logger.exception("the journal refused a change")
            batch[0].refuse(error)
            return ()
        return batch

    def _try_again(self, error: StoreUnavailable) -> None:
        if not self.down:
            self.down = True
            logger.warning("the engine's journal cannot be written", extra={"reason": error.reason})
        self._schedule(self._loop.call_later(self._pause, self.flush))
        self._urgent = True
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)


def _apply(connection: sqlite3.Connection, batch: Sequence[Change]) -> None:
    for change in batch:
        for sql, values in change.text():
            connection.execute(sql, values)
