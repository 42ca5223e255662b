"""Writers that share a commit: what each of them gets, and what is on the disk."""

import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from embedded.database import Database
from promptpilot.errors import StoreUnavailable
from tests.unit.notebook import Change, Held, adding, notebook, notes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with notebook(path) as database:
        yield database


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


def test_a_single_statement_is_committed_or_undone_by_itself(database: Database) -> None:
    def two(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO notes VALUES ('new'), ('kept')")

    database.write(adding("kept"), single=True)
    with pytest.raises(sqlite3.IntegrityError):
        database.write(two, single=True)
    assert notes(database) == ["kept"]
    held = Held(database)
    held.add("two", two)
    held.add("more", adding("more"))
    assert isinstance(held.let_go()["two"], sqlite3.IntegrityError)
    assert notes(database) == ["kept", "more"]


def test_a_single_statement_that_has_no_room_leaves_the_database_usable(
    database: Database,
) -> None:
    database.write(fill_disk)
    with pytest.raises(StoreUnavailable):
        database.write(adding("x" * 100_000), single=True)
    database.write(lambda connection: connection.execute("PRAGMA max_page_count = 100000").close())
    database.write(adding("later"), single=True)
    assert notes(database) == ["later"]


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


def test_a_disk_that_cannot_be_read_fails_the_whole_batch(database: Database) -> None:
    def unreadable(connection: sqlite3.Connection) -> None:
        connection.set_progress_handler(lambda: 1, 1)  # every statement ends in the middle
        try:
            connection.execute("SELECT text FROM notes").fetchall()
        finally:
            connection.set_progress_handler(None, 0)

    held = Held(database)
    held.add("before", adding("before"))
    held.add("unreadable", unreadable)
    held.add("after", adding("after"))
    outcomes = held.let_go()
    for name in ("before", "unreadable", "after"):
        assert isinstance(outcomes[name], StoreUnavailable), name
    assert notes(database) == []
    with pytest.raises(StoreUnavailable):
        database.write(unreadable)


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
    arrived: list[int] = []

    def on_signal(number: int, _: object) -> None:
        arrived.append(number)
        if len(arrived) == 1:
            raise KeyboardInterrupt

    def interrupt() -> None:
        # Again until it arrives: a lock that is about to be waited for does not hear a signal.
        while not arrived:
            if database._group_commit._queue:
                signal.pthread_kill(waiter, signal.SIGUSR1)
            time.sleep(0.001)

    before = signal.signal(signal.SIGUSR1, on_signal)
    try:
        interrupter = threading.Thread(target=interrupt, daemon=True)
        interrupter.start()
        with pytest.raises(KeyboardInterrupt):
            database.write(adding("interrupted"))
        interrupter.join(30)
    finally:
        signal.signal(signal.SIGUSR1, before)
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


def test_closing_finishes_the_writes_that_wait(database: Database, path: Path) -> None:
    held = Held(database)
    held.add("waiting", adding("waiting"))
    closer = threading.Thread(target=database.close)
    closer.start()
    assert held.let_go() == {"leader": None, "waiting": None}
    closer.join(30)
    with closing(Database(path)) as again:
        assert notes(again) == ["waiting"]
