"""Many writers, one transaction: whoever comes first commits for all who come meanwhile.

A writer that finds nobody at work becomes the leader and commits in its own thread. Writers that
arrive while it does so queue up; when it is done, the first of them leads and commits for all of
them. Putting commits on the disk is the business of `WalFlush`.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from promptpilot.errors import StoreUnavailable

T = TypeVar("T")

MAX_BATCH = 128
"""The most changes of one transaction, so that the first does not wait for ever for the last."""

_OUT_OF_REACH = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
)


def is_out_of_reach(error: BaseException) -> bool:
    """Whether SQLite's error is about the file and the disk, and not about the statement."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _OUT_OF_REACH


class _Request:
    """One writer's change and, in the end, its outcome. `bell` rings when there is news."""

    __slots__ = ("bell", "change", "error", "leads", "result", "single")

    def __init__(self, change: Callable[[sqlite3.Connection], Any], *, single: bool) -> None:
        self.change = change
        self.single = single
        self.bell = threading.Lock()
        self.bell.acquire()
        self.leads = False
        self.result: Any = None
        self.error: BaseException | None = None

    def outcome(self) -> Any:
        error, self.error = self.error, None
        if error is None:
            return self.result
        try:
            raise error
        finally:
            del error  # or its traceback and this frame would keep each other alive


class GroupCommit:
    """Runs changes on one connection, each all or nothing, as many as are waiting per commit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._mutex = threading.Lock()
        self._queue: deque[_Request] = deque()
        self._led = False
        self._leader: int | None = None
        self._closed = False

    def run(self, change: Callable[[sqlite3.Connection], T], *, single: bool = False) -> T:
        """Run `change` in a transaction; when this returns, it is committed. `single` says that it
        executes one statement, which then needs no transaction around it.

        An exception of the change undoes that change alone and is raised here. Raises
        `StoreUnavailable` when the store is locked, full or broken: then nothing was written.
        """
        if self._leader == threading.get_ident():
            raise RuntimeError("a change cannot write again: it is in a transaction already")
        outcome: T = self._submit(_Request(change, single=single), last=False)
        return outcome

    def close(self) -> None:
        """Finish what is queued and refuse everything after it."""
        with suppress(StoreUnavailable):
            self._submit(_Request(lambda _: None, single=False), last=True)

    def _submit(self, request: _Request, *, last: bool) -> Any:
        try:
            self._enqueue(request, last=last)
            request.bell.acquire()
        except BaseException:  # mostly an interrupt: nobody may be left to wait for this thread
            self._withdraw(request)
            raise
        if request.leads:
            self._lead()
        return request.outcome()

    def _enqueue(self, request: _Request, *, last: bool) -> None:
        with self._mutex:
            if self._closed:
                raise StoreUnavailable("The store is closed.")
            self._closed = last
            self._queue.append(request)
            if not self._led:
                self._appoint()

    def _withdraw(self, request: _Request) -> None:
        with self._mutex:
            if request in self._queue:
                self._queue.remove(request)
            if request.leads:
                self._appoint()

    def _appoint(self) -> None:
        """Make the first of the queue the leader; to be called with the mutex held."""
        if self._queue:
            leader = self._queue[0]
            leader.leads = True
            leader.bell.release()
        self._led = bool(self._queue)

    def _lead(self) -> None:
        self._leader = threading.get_ident()
        with self._mutex:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_BATCH))]
        try:
            self._commit(batch)
        finally:
            self._leader = None
            with self._mutex:
                self._appoint()
            for request in batch:
                request.bell.release()

    def _commit(self, batch: list[_Request]) -> None:
        connection = self._connection
        try:
            if len(batch) == 1:
                self._do_alone(batch[0])
            else:
                connection.execute("BEGIN IMMEDIATE")
                for request in batch:
                    self._do_among_others(request)
                connection.execute("COMMIT")
        except BaseException as error:
            with suppress(sqlite3.Error):
                connection.rollback()
            for request in batch:
                request.error = StoreUnavailable()
                request.error.__cause__ = error
            if not isinstance(error, Exception):
                raise

    def _do_alone(self, request: _Request) -> None:
        if request.single:
            self._do_single(request)
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            request.result = request.change(self._connection)
        except Exception as error:
            if self._is_lost(error):
                raise
            self._connection.execute("ROLLBACK")
            request.error = error
        else:
            self._connection.execute("COMMIT")

    def _do_single(self, request: _Request) -> None:
        """SQLite begins and commits by itself, and undoes a statement that fails."""
        try:
            request.result = request.change(self._connection)
        except Exception as error:
            if is_out_of_reach(error):
                raise
            request.error = error

    def _do_among_others(self, request: _Request) -> None:
        self._connection.execute("SAVEPOINT change")
        try:
            request.result = request.change(self._connection)
        except Exception as error:
            if self._is_lost(error):
                raise
            self._connection.execute("ROLLBACK TO change")
            request.error = error
        self._connection.execute("RELEASE change")

    def _is_lost(self, error: Exception) -> bool:
        """Whether the error has taken the whole transaction with it."""
        return is_out_of_reach(error) or not self._connection.in_transaction
