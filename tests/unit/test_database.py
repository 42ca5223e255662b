"""The database: what is written, read, refused and left behind."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from embedded.database import Database
from promptpilot.errors import StoreUnavailable
from tests.unit.notebook import adding, notebook, notes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with notebook(path) as database:
        yield database


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
