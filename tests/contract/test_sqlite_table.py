"""What `SqliteTable` has beside the port: its outbox, its sweep, its plans, and a bad disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from embedded import item_statements
from embedded.database import Database
from embedded.table import SqliteTable
from promptpilot.domain.event import Event, EventType
from promptpilot.errors import StoreUnavailable
from promptpilot.ports.table import Check, Create, Delete, Index, Key, Put, Replace
from promptpilot.services.outbox import KEPT_SECONDS, outbox
from tests.contract.hand_clock import HandClock
from tests.contract.items import create, item, sorts


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "table.db", busy_timeout_ms=0)) as database:
        yield database


@pytest.fixture
def table(database: Database) -> SqliteTable:
    return SqliteTable(database)


def event(subject: str) -> Create:
    return outbox(Event.of(EventType.PROMPT_CREATED, workspace="ws", actor="me", subject=subject))


def test_pending_events_come_in_the_order_in_which_they_were_committed(table: SqliteTable) -> None:
    written = []
    for subject in ("zebra", "ant", "monkey", "bee"):
        told = event(subject)
        written.append(told.item)
        table.write([Create(item(subject)), told])
    assert table.pending_outbox(10) == tuple(written)
    assert table.pending_outbox(2) == tuple(written[:2])


def test_a_relayed_event_is_not_pending_any_more(table: SqliteTable) -> None:
    first, second = event("a"), event("b")
    table.write([first])
    table.write([second])
    table.write([Delete(first.item.key)])
    assert table.pending_outbox(10) == (second.item,)


def test_an_event_of_a_transaction_that_failed_is_never_seen(table: SqliteTable) -> None:
    with pytest.raises(Exception, match="changed"):
        table.write([event("a"), Check(Key("p", "s"), revision=1)])
    assert table.pending_outbox(10) == ()


def test_an_event_that_was_not_relayed_outlives_its_time(
    table: SqliteTable, clock: HandClock
) -> None:
    told = event("a")
    table.write([told])
    clock.seconds += 2 * KEPT_SECONDS
    assert table.get(told.item.key) is None
    assert table.sweep(10) == 0
    assert table.pending_outbox(10) == (told.item,)


def test_a_sweep_removes_what_has_expired_and_no_more_than_it_may(
    table: SqliteTable, clock: HandClock, database: Database
) -> None:
    create(table, item("kept"), item("later", expires_at=clock.seconds + 100))
    create(table, *(item(f"old-{number}", expires_at=clock.seconds + 1) for number in range(5)))
    assert table.sweep(10) == 0
    clock.seconds += 1
    assert [table.sweep(3), table.sweep(3), table.sweep(3)] == [3, 2, 0]
    assert database.rows("SELECT sk FROM items ORDER BY sk") == [("kept",), ("later",)]


def test_what_was_written_is_there_when_the_table_is_opened_again(tmp_path: Path) -> None:
    for revision in (1, 2):
        with closing(Database(tmp_path / "again.db")) as database:
            table = SqliteTable(database)
            table.write([Put(item(revision=revision))])
            assert table.get(Key("p", "s")) == item(revision=revision)


def test_a_locked_database_is_out_of_reach_and_nothing_is_half_written(
    table: SqliteTable, tmp_path: Path
) -> None:
    create(table, item("a"))
    transaction = [Replace(item("a", revision=2)), Create(item("b"))]
    with closing(sqlite3.connect(tmp_path / "table.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable):
            table.write(transaction)
        assert table.get(Key("p", "a")) == item("a")
        other.execute("ROLLBACK")
    assert sorts(table.query("p").items) == ["a"]
    table.write(transaction)
    assert sorts(table.query("p").items) == ["a", "b"]


def test_a_file_that_cannot_be_read_is_out_of_reach(table: SqliteTable, database: Database) -> None:
    create(table, item())
    key = Key("p", "s")
    database.read().set_progress_handler(lambda: 1, 1)  # every statement ends in the middle
    for call in (
        lambda: table.get(key),
        lambda: table.get_many([key]),
        lambda: table.query("p"),
        lambda: table.pending_outbox(1),
    ):
        with pytest.raises(StoreUnavailable):
            call()


STATEMENTS = {
    **{f"QUERY {key}": statement for key, statement in item_statements.QUERY.items()},
    **{
        name: getattr(item_statements, name)
        for name in ("GET", "REVISION", "REPLACE", "REPLACE_BODY", "DELETE", "DELETE_AT_REVISION")
    },
    "OUTBOX_ITEMS": item_statements.OUTBOX_ITEMS,
    "SWEEP": item_statements.SWEEP,
}


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_no_statement_scans_or_sorts(table: SqliteTable, database: Database, name: str) -> None:
    statement = STATEMENTS[name]
    plan = database.write(
        lambda connection: connection.execute(
            f"EXPLAIN QUERY PLAN {statement}", [1] * statement.count("?")
        ).fetchall()
    )
    steps = " / ".join(step[3] for step in plan)
    assert "SEARCH" in steps
    assert "SCAN" not in steps
    assert "TEMP B-TREE" not in steps


def test_a_body_is_replaced_without_a_write_to_any_index(
    table: SqliteTable, tmp_path: Path
) -> None:
    """A commit costs what it writes: one page where only the body changes."""

    def pages_written(*operations: Replace) -> int:
        with closing(sqlite3.connect(tmp_path / "table.db")) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            table.write(operations)
            pages: int = other.execute("PRAGMA wal_checkpoint").fetchone()[1]
        return pages

    stored = item(gsi1=Key("g", "1"), gsi2=Key("h", "1"), expires_at=4_000_000_000)
    create(table, stored)
    moved = item(revision=3, gsi1=Key("g", "2"), gsi2=Key("h", "2"), expires_at=4_000_000_001)
    assert pages_written(Replace(stored.next('"new"'))) == 1
    assert pages_written(Replace(moved)) == 4
    assert table.query("g", index=Index.GSI1).items == (moved,)
