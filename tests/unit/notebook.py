"""A database of notes, and writers that share a commit."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from embedded.database import Database

Change = Callable[[sqlite3.Connection], object]


@contextmanager
def notebook(path: Path) -> Iterator[Database]:
    """An open database with an empty table `notes (text)`."""
    with closing(Database(path, busy_timeout_ms=0)) as database:
        database.execute_script("CREATE TABLE IF NOT EXISTS notes (text TEXT PRIMARY KEY);")
        yield database


def adding(text: str) -> Change:
    def change(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO notes VALUES (?)", (text,))

    return change


def notes(database: Database) -> list[str]:
    return [text for (text,) in database.rows("SELECT text FROM notes ORDER BY text")]


class Held:
    """Writers of one batch: they queue up behind a change that waits until it is let go."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._begun = threading.Event()
        self._let_go = threading.Event()
        self.outcomes: dict[str, object] = {}
        self._threads = [self._start("leader", self._hold)]
        assert self._begun.wait(30)

    def _hold(self, connection: sqlite3.Connection) -> None:
        self._begun.set()
        assert self._let_go.wait(30)

    def add(self, name: str, change: Change, *, durable: bool = True) -> None:
        """Have another thread write `change`; returns when it is in the queue."""
        queue = self._database._group_commit._queue
        before = len(queue)
        self._threads.append(self._start(name, change, durable=durable))
        while len(queue) == before:
            assert self._threads[-1].is_alive()

    def let_go(self) -> dict[str, object]:
        """What each got: its result or its exception."""
        self._let_go.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()
        return self.outcomes

    def _start(self, name: str, change: Change, *, durable: bool = True) -> threading.Thread:
        def write() -> None:
            try:
                self.outcomes[name] = self._database.write(change, durable=durable)
            except BaseException as error:  # noqa: BLE001  the test looks at it
                self.outcomes[name] = error

        thread = threading.Thread(target=write, daemon=True)
        thread.start()
        return thread
