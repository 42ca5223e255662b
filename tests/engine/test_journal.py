"""Writing the engine's journal: commits are shared, and a bad change fails alone."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from embedded.database import Database
from embedded.engine.journal import Journal
from tests.engine.patience import PATIENCE

T = TypeVar("T")


class CountingDatabase(Database):
    writes = 0

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.written = asyncio.Event()

    def write(self, change: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        self.writes += 1
        self.written.set()
        return super().write(change, durable=durable)


@pytest.fixture
def database(tmp_path: Path) -> CountingDatabase:
    database = CountingDatabase(tmp_path / "journal.db")
    database.execute_script("CREATE TABLE line (n INTEGER);")
    database.writes = 0
    database.written.clear()
    return database


def line(n: object) -> list[tuple[str, tuple[object, ...]]]:
    return [("INSERT INTO line VALUES (?)", (n,))]


def lines(database: Database) -> list[int]:
    return [n for (n,) in database.rows("SELECT n FROM line ORDER BY rowid")]


async def test_changes_of_one_turn_share_a_commit(database: CountingDatabase) -> None:
    journal = Journal(database, asyncio.get_running_loop())
    told: list[bool] = []
    journal.add(line(0))
    await asyncio.gather(*(journal.commit(line(n), [told.append]) for n in range(1, 11)))
    assert database.writes == 1
    assert lines(database) == list(range(11))
    assert told == [True] * 10
    database.close()


async def test_a_change_that_nobody_waits_for_is_written_too(database: CountingDatabase) -> None:
    journal = Journal(database, asyncio.get_running_loop())
    journal.add(line(1))
    assert lines(database) == []
    await asyncio.wait_for(database.written.wait(), PATIENCE)
    journal.add(line(2))
    assert journal.flush() is True
    assert lines(database) == [1, 2]
    database.close()


async def test_a_change_that_the_database_refuses_fails_alone(database: CountingDatabase) -> None:
    journal = Journal(database, asyncio.get_running_loop())
    told: list[bool] = []
    good = journal.commit(line(1), [told.append])
    bad = journal.commit([*line(2), ("INSERT INTO nowhere VALUES (1)", ())], [told.append])
    huge = journal.commit(line(2**70))
    also_good = journal.commit(line(3))
    await asyncio.gather(good, also_good)
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        await bad
    with pytest.raises(OverflowError):
        await huge
    assert lines(database) == [1, 3]
    assert sorted(told) == [False, True]
    database.close()


async def test_a_wait_that_is_given_up_takes_no_other_with_it(database: CountingDatabase) -> None:
    journal = Journal(database, asyncio.get_running_loop())
    first, second = journal.commit(line(1)), journal.commit(line(2))
    first.cancel()
    await second
    assert lines(database) == [1, 2]
    database.close()
