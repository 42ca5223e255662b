"""One SQLite file: durable writes that share their commits, reads that never wait for them."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self, TypeVar
from weakref import WeakSet

from embedded.file_lock import FileLock
from embedded.group_commit import GroupCommit, is_out_of_reach
from embedded.wal_flush import WalFlush
from promptpilot.errors import StoreUnavailable

T = TypeVar("T")

Parameter = str | bytes | int | float | None
Row = tuple[Any, ...]

_WRITER_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",  # a commit survives the process, and `WalFlush` does the rest
    "PRAGMA wal_autocheckpoint = 1000",  # pages: a log this short is reused while it is cached
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -32768",  # KiB
    "PRAGMA mmap_size = 0",  # a failing disk must give an error, and not a signal
)
_READER_PRAGMAS = (
    "PRAGMA query_only = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -4096",
    "PRAGMA mmap_size = 0",
)


class Database:
    """A database file and everybody's connections to it. Of one process at a time.

    Whoever keeps tables in it creates them with `execute_script` and `CREATE ... IF NOT EXISTS`.
    """

    def __init__(self, path: Path, *, busy_timeout_ms: int = 2000) -> None:
        """Raises `StoreUnavailable` when another process has it open or it is no database."""
        self._path = path
        self._busy_timeout_ms = busy_timeout_ms
        self._local = threading.local()
        self._mutex = threading.Lock()
        self._readers: WeakSet[_Reader] = WeakSet()
        self._closed = False
        with ExitStack() as opened:
            self._lock = opened.enter_context(
                closing(FileLock(path.with_name(f"{path.name}.lock")))
            )
            path.touch(mode=0o600)  # for its owner alone; the log and the index take after it
            self._writer = opened.enter_context(closing(self._connect(_WRITER_PRAGMAS)))
            opened.pop_all()
        self._group_commit = GroupCommit(self._writer)
        self._disk = WalFlush(path)

    def write(
        self,
        change: Callable[[sqlite3.Connection], T],
        *,
        durable: bool = True,
        single: bool = False,
    ) -> T:
        """Run `change` in a transaction; when this returns, what it did is on the disk.

        Without `durable` it outlives the process, but not a loss of power before the next durable
        write, which flushes all before it. Others see a write at once, before it is on the disk:
        see `settle`.

        A change reads and writes through the connection it gets, and neither commits nor runs a
        script on it. Its exception undoes it alone and is raised here. It may run in the thread of
        another writer, so it must be short and must not wait for anything. Raises
        `StoreUnavailable` when the store is locked, full or broken: then nothing was written. Only
        where the disk failed at the very end is that uncertain; nothing is written after that.

        `single` says that the change executes one statement and nothing else.
        """
        if not durable:
            return self._commit(change, single)
        self._disk.owe()
        try:
            result = self._commit(change, single)
            self._disk.flush()
        finally:
            self._disk.pay()
        return result

    def promise(self, change: Callable[[sqlite3.Connection], T], *, single: bool = False) -> T:
        """Like `write`; but while this thread is `promising`, durable once `keep` has been called.

        A change that raises is no promise.
        """
        promises: Promises | None = getattr(self._local, "promises", None)
        if promises is None:
            return self.write(change, single=single)
        self._disk.owe()
        try:
            result = self._commit(change, single)
        except BaseException:
            self._disk.pay()
            raise
        promises.count += 1
        return result

    def promising(self) -> "Promises":
        """While entered, counts what this thread promises, to be kept together with others'."""
        return Promises(self._local)

    def keep(self, count: int) -> None:
        """Put promises on the disk, that many. Raises `StoreUnavailable`."""
        try:
            self._disk.flush()
        finally:
            self._disk.pay(count)

    def settle(self) -> None:
        """Return when every durable write that can be read now is on the disk: before the outside
        world is told what was read. Raises `StoreUnavailable`.
        """
        self._disk.settle()

    def _commit(self, change: Callable[[sqlite3.Connection], T], single: bool) -> T:
        self._disk.require_sound()
        return self._group_commit.run(change, single=single)

    def execute_script(self, script: str) -> None:
        """Execute SQL statements, each ended by a semicolon, in one transaction."""
        statements = tuple(_statements(script))

        def change(connection: sqlite3.Connection) -> None:
            for statement in statements:
                connection.execute(statement)

        self.write(change)

    def rows(self, sql: str, parameters: Sequence[Parameter] = ()) -> list[Row]:
        """All rows of a query, which sees every write that has returned.

        Raises `StoreUnavailable` when the file cannot be read.
        """
        try:
            return self.read().execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            if self._closed or is_out_of_reach(error):
                raise StoreUnavailable from error
            raise

    def read(self) -> sqlite3.Connection:
        """The calling thread's connection for reading; it sees every write that has returned.

        Fetch all rows of a statement: one that is under way holds on to its moment.
        """
        if self._closed:
            raise StoreUnavailable("The store is closed.")
        try:
            reader: _Reader = self._local.reader
        except AttributeError:
            reader = self._open_reader()
        return reader.connection

    def close(self) -> None:
        """Finish the writes that have begun, then close the connections of every thread."""
        self._group_commit.close()
        with self._mutex:
            self._closed = True
            readers = tuple(self._readers)
        for reader in readers:
            reader.connection.close()
        self._writer.close()
        self._disk.close()
        self._lock.close()

    def _open_reader(self) -> "_Reader":
        with self._mutex:
            if self._closed:
                raise StoreUnavailable("The store is closed.")
            reader = self._local.reader = _Reader(self._connect(_READER_PRAGMAS))
            self._readers.add(reader)
        return reader

    def _connect(self, pragmas: Sequence[str]) -> sqlite3.Connection:
        try:
            with ExitStack() as opened:
                connection = opened.enter_context(
                    closing(
                        sqlite3.connect(
                            self._path,
                            timeout=self._busy_timeout_ms / 1000,
                            isolation_level=None,  # transactions begin and end where we say so
                            check_same_thread=False,  # `close` closes what other threads opened
                            cached_statements=256,
                        )
                    )
                )
                for pragma in pragmas:
                    connection.execute(pragma).fetchall()
                opened.pop_all()
                return connection
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self._path} cannot be opened: {error}.") from error


class Promises:
    """How many writes have been promised since this was entered. Entered for every call of a
    worker, so it is spared the generator of a `contextmanager`.
    """

    __slots__ = ("_local", "count")

    def __init__(self, local: threading.local) -> None:
        self._local = local
        self.count = 0

    def __enter__(self) -> Self:
        self._local.promises = self
        return self

    def __exit__(self, *_: object) -> None:
        self._local.promises = None


class _Reader:
    """A thread's connection, closed when its thread ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


def _statements(script: str) -> Iterator[str]:
    *parts, rest = script.split(";")
    statement = ""
    for part in parts:
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if (statement + rest).strip():
        raise ValueError("the script's last statement has no end")
