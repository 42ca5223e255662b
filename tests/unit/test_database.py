"""The database: durable, shared commits, and what happens when they fail."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from textwrap import dedent

import pytest

from embedded.database import Database
from promptpilot.errors import StoreUnavailable

ROOT = Path(__file__).parents[2]
Change = Callable[[sqlite3.Connection], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
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

    def add(self, name: str, change: Callable[[sqlite3.Connection], object]) -> None:
        """Have another thread write `change`; returns when it is in the queue."""
        queue = self._database._group_commit._queue
        before = len(queue)
        self._threads.append(self._start(name, change))
        while len(queue) == before:
            assert self._threads[-1].is_alive()

    def let_go(self) -> dict[str, object]:
        """What each got: its result or its exception."""
        self._let_go.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()
        return self.outcomes

    def _start(self, name: str, change: Callable[[sqlite3.Connection], object]) -> threading.Thread:
        def write() -> None:
            try:
                self.outcomes[name] = self._database.write(change)
            except BaseException as error:  # noqa: BLE001  the test looks at it
                self.outcomes[name] = error

        thread = threading.Thread(target=write, daemon=True)
        thread.start()
        return thread


def test_a_write_gives_the_result_of_its_change(database: Database) -> None:
    assert database.write(lambda _: 42) == 42


def test_a_read_sees_the_last_write_in_every_thread(database: Database) -> None:
    seen: list[list[str]] = []
    for text in ("a", "b"):
        database.write(adding(text))
        thread = threading.Thread(target=lambda: seen.append(notes(database)))
        thread.start()
        thread.join(30)
        seen.append(notes(database))
    assert seen == [["a"], ["a"], ["a", "b"], ["a", "b"]]


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StoreUnavailable):
        database.rows("INSERT INTO notes VALUES ('sneaked in')")
    assert notes(database) == []


def test_a_change_that_raises_leaves_nothing_behind(database: Database) -> None:
    def change(connection: sqlite3.Connection) -> None:
        adding("half")(connection)
        raise LookupError("changed my mind")

    with pytest.raises(LookupError, match="changed my mind"):
        database.write(change)
    assert notes(database) == []
    database.write(adding("whole"))
    assert notes(database) == ["whole"]


def test_a_mistake_in_a_statement_is_raised_as_it_is(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        database.write(lambda connection: connection.execute("DELETE FROM missing"))
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        database.rows("SELECT * FROM missing")
    database.write(adding("a"))
    with pytest.raises(sqlite3.IntegrityError):
        database.write(adding("a"))
    assert notes(database) == ["a"]


def test_a_write_within_a_change_is_refused(database: Database) -> None:
    def change(connection: sqlite3.Connection) -> None:
        adding("outer")(connection)
        database.write(adding("inner"))

    with pytest.raises(RuntimeError, match="in a transaction already"):
        database.write(change)
    assert notes(database) == []
    database.write(adding("after"))
    assert notes(database) == ["after"]


def test_writers_that_wait_share_a_commit(database: Database, path: Path) -> None:
    """The write-ahead log has one commit for all of them: nobody sees some without the others."""
    held = Held(database)
    sizes: list[int] = []

    def looking(text: str) -> Change:
        def change(connection: sqlite3.Connection) -> None:
            adding(text)(connection)
            sizes.append(len(notes(database)))

        return change

    names = [f"{number:02}" for number in range(10)]
    for name in names:
        held.add(name, looking(name))
    outcomes = held.let_go()
    assert outcomes == dict.fromkeys(["leader", *names])
    assert sizes == [0] * 10
    assert notes(database) == names


def test_a_change_that_raises_in_a_batch_keeps_the_others(database: Database) -> None:
    def failing(connection: sqlite3.Connection) -> None:
        adding("failed")(connection)
        raise LookupError

    held = Held(database)
    held.add("before", adding("before"))
    held.add("failing", failing)
    held.add("twice", adding("before"))
    held.add("after", adding("after"))
    outcomes = held.let_go()
    assert isinstance(outcomes["failing"], LookupError)
    assert isinstance(outcomes["twice"], sqlite3.IntegrityError)
    assert outcomes["before"] is outcomes["after"] is None
    assert notes(database) == ["after", "before"]


def test_a_disk_that_is_full_fails_the_whole_batch_and_the_database_goes_on(
    database: Database,
) -> None:
    database.write(adding("kept"))
    held = Held(database)
    held.add("small", adding("small"))
    held.add("limit", fill_disk)
    held.add("large", adding("x" * 100_000))
    held.add("late", adding("late"))
    outcomes = held.let_go()
    for name in ("small", "large", "late"):
        assert isinstance(outcomes[name], StoreUnavailable), name
    assert notes(database) == ["kept"]
    with pytest.raises(StoreUnavailable):
        database.write(adding("y" * 100_000))
    database.write(lambda connection: connection.execute("PRAGMA max_page_count = 100000").close())
    database.write(adding("z" * 100_000))
    assert notes(database) == ["kept", "z" * 100_000]


def fill_disk(connection: sqlite3.Connection) -> None:
    """Allow the file no more pages than it has."""
    connection.execute("PRAGMA max_page_count = 1").fetchall()


def test_a_locked_database_fails_the_whole_batch_and_goes_on_when_it_is_free(
    database: Database, path: Path
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for text in ("a", "b"):
            with pytest.raises(StoreUnavailable):
                database.write(adding(text))
        assert notes(database) == []
        other.execute("COMMIT")
    database.write(adding("c"))
    assert notes(database) == ["c"]


def test_a_lock_that_is_short_is_waited_for(path: Path) -> None:
    with closing(Database(path, busy_timeout_ms=30_000)) as database:
        database.execute_script("CREATE TABLE notes (text TEXT PRIMARY KEY);")
        with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN EXCLUSIVE")
            writer = threading.Thread(target=lambda: database.write(adding("a")))
            writer.start()
            other.execute("COMMIT")
            writer.join(30)
        assert notes(database) == ["a"]


def test_an_interrupt_tells_the_others_and_leaves_the_database_usable(database: Database) -> None:
    def interrupted(connection: sqlite3.Connection) -> None:
        raise KeyboardInterrupt

    held = Held(database)
    held.add("first", adding("first"))
    held.add("interrupted", interrupted)
    held.add("last", adding("last"))
    outcomes = held.let_go()
    assert isinstance(outcomes["first"], KeyboardInterrupt)  # it led, so it ran the change
    assert isinstance(outcomes["interrupted"], StoreUnavailable)
    assert isinstance(outcomes["last"], StoreUnavailable)
    database.write(adding("after"))
    assert notes(database) == ["after"]


def test_a_writer_that_is_interrupted_while_it_waits_is_not_waited_for(
    database: Database,
) -> None:
    held = Held(database)
    waiter = threading.get_ident()

    def interrupt() -> None:
        while not database._group_commit._queue:
            pass
        signal.pthread_kill(waiter, signal.SIGINT)

    interrupter = threading.Thread(target=interrupt, daemon=True)
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        database.write(adding("interrupted"))
    interrupter.join(30)
    held.add("next", adding("next"))
    assert held.let_go() == {"leader": None, "next": None}
    assert notes(database) == ["next"]


def test_every_write_of_many_threads_is_kept(database: Database) -> None:
    def work(number: int) -> None:
        for count in range(50):
            database.write(adding(f"{number:02}/{count:02}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert notes(database) == [
        f"{number:02}/{count:02}" for number in range(16) for count in range(50)
    ]


def test_a_script_creates_what_is_missing_and_leaves_the_rest(database: Database) -> None:
    script = """
        CREATE TABLE IF NOT EXISTS notes (text TEXT PRIMARY KEY);
        CREATE TABLE IF NOT EXISTS deleted (text TEXT, reason TEXT DEFAULT 'a; b');
        CREATE TRIGGER IF NOT EXISTS bury AFTER DELETE ON notes BEGIN
            INSERT INTO deleted (text) VALUES (old.text);
            INSERT INTO deleted (text, reason) VALUES (old.text, 'again');
        END;
    """
    database.write(adding("a"))
    database.execute_script(script)
    database.execute_script(script)
    database.write(lambda connection: connection.execute("DELETE FROM notes").close())
    assert database.rows("SELECT * FROM deleted") == [("a", "a; b"), ("a", "again")]


def test_a_script_that_fails_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError):
        database.execute_script("CREATE TABLE one (a); CREATE TABLE two (a); CREATE TABLE one (a);")
    assert database.rows("SELECT name FROM sqlite_schema WHERE name IN ('one', 'two')") == []


def test_a_script_without_an_end_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="no end"):
        database.execute_script("CREATE TABLE one (a); CREATE TABLE two (a)")


def test_a_closed_database_is_out_of_reach(database: Database) -> None:
    database.rows("SELECT 1")
    database.close()
    for call in (
        lambda: database.write(adding("late")),
        lambda: database.rows("SELECT 1"),
        database.read,
    ):
        with pytest.raises(StoreUnavailable):
            call()
    database.close()


def test_closing_finishes_the_writes_that_wait(database: Database, path: Path) -> None:
    held = Held(database)
    held.add("waiting", adding("waiting"))
    closer = threading.Thread(target=database.close)
    closer.start()
    assert held.let_go() == {"leader": None, "waiting": None}
    closer.join(30)
    with closing(Database(path)) as again:
        assert notes(again) == ["waiting"]


def test_closing_leaves_one_file_without_a_log(database: Database, path: Path) -> None:
    database.write(adding("a"))
    database.close()
    assert path.stat().st_size > 0
    assert not path.with_name("data.db-wal").exists()


def test_a_thread_takes_its_connection_with_it(database: Database) -> None:
    opened = len(database._readers)
    for _ in range(5):
        thread = threading.Thread(target=lambda: notes(database))
        thread.start()
        thread.join(30)
    assert len(database._readers) == opened


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear reader, " * 500)
    with pytest.raises(StoreUnavailable, match=r"letter\.db cannot be opened"):
        Database(path)
    path.unlink()
    Database(path).close()  # the lock was let go


def test_the_files_are_for_their_owner_alone(database: Database, path: Path) -> None:
    for file in (path, path.with_name("data.db-wal")):
        assert file.stat().st_mode & 0o077 == 0


CHILD = """
    import sys
    from pathlib import Path
    from embedded.database import Database
    from promptpilot.errors import StoreUnavailable
"""


def child(code: str, path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", dedent(CHILD) + dedent(code), str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers/core/python")])},
    )


def test_a_second_process_is_refused_by_name_of_the_first(database: Database, path: Path) -> None:
    code = """
        try:
            Database(Path(sys.argv[1]))
        except StoreUnavailable as error:
            print(error)
    """
    with child(code, path) as process:
        said, _ = process.communicate(timeout=30)
    assert str(path.parent) in said
    assert f"in use by another process (id {os.getpid()})" in said
    database.write(adding("undisturbed"))


def test_what_was_acknowledged_survives_a_kill(path: Path) -> None:
    code = """
        import threading

        database = Database(Path(sys.argv[1]))
        database.execute_script("CREATE TABLE notes (text TEXT PRIMARY KEY);")

        def work(number):
            for count in range(1_000_000):
                text = f"{number}/{count}"
                database.write(lambda c: c.execute("INSERT INTO notes VALUES (?)", (text,)))
                sys.stdout.write(text + "\\n")
                sys.stdout.flush()

        for number in range(4):
            threading.Thread(target=work, args=(number,)).start()
    """
    with child(code, path) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(400)]
        process.kill()
        acknowledged += process.stdout.read().split("\n")[:-1]  # the last line may be cut off
    with closing(Database(path)) as database:
        kept = set(notes(database))
        assert set(acknowledged) <= kept
        assert len(kept) <= len(acknowledged) + 2 * 4  # at most what was not yet told
        database.write(adding("after"))
        assert database.rows("PRAGMA integrity_check") == [("ok",)]
