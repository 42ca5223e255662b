"""The `Table` of the embedded platform, in SQLite."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from embedded.database import Database, Row
from embedded.item_statements import (
    CREATE,
    DELETE,
    DELETE_AT_REVISION,
    DELETE_OUTBOX_ITEMS,
    GET,
    OUTBOX_ITEMS,
    PUT,
    QUERY,
    REPLACE,
    REPLACE_BODY,
    REVISION,
    SCHEMA,
    SWEEP,
    insert,
)
from promptpilot.clock import epoch_ms
from promptpilot.errors import ConditionFailed
from promptpilot.ports.table import (
    Check,
    Create,
    Delete,
    Index,
    Item,
    Key,
    Operation,
    Page,
    Position,
    Put,
    Replace,
)
from promptpilot.sort_range import sort_range
from promptpilot.table_limits import require_few_keys, require_writable

Change = Callable[[sqlite3.Connection], object]

UNPUBLISHABLE = "outbox_unpublishable"
"""The `kind` of what was in the outbox and holds no event."""

_AFTER_EVERY_TEXT = b""
"""SQLite orders every blob after every text."""


class SqliteTable:
    """A `Table` in a `Database`; every read sees every write that has returned."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.execute_script(SCHEMA)

    def get(self, key: Key) -> Item | None:
        """See `Table.get`."""
        rows = self._database.rows(GET, (key.partition, key.sort))
        return _item(key, rows[0], _now()) if rows else None

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        """See `Table.get_many`."""
        require_few_keys(keys)
        return [self.get(key) for key in keys]

    def query(
        self,
        partition: str,
        *,
        index: Index = Index.PRIMARY,
        prefix: str = "",
        limit: int = 50,
        after: Position | None = None,
        descending: bool = False,
    ) -> Page:
        """See `Table.query`."""
        wanted = sort_range(partition, index, prefix, limit, after)
        low: tuple[str | bytes, ...] = (wanted.start, "", "")
        high: tuple[str | bytes, ...] = (wanted.end or _AFTER_EVERY_TEXT, "", "")
        if after is not None:
            reached = (after.at.sort, after.key.partition, after.key.sort)
            low, high = (low, reached) if descending else (reached, high)
        now = _now()
        parameters = (partition, *low, *high, now, limit + 1)
        rows = self._database.rows(QUERY[index, descending], parameters)
        items = [item for pk, sk, *row in rows if (item := _item(Key(pk, sk), row, now))]
        if len(items) <= limit:
            return Page(tuple(items), None)
        last = items[limit - 1]
        return Page(tuple(items[:limit]), Position(_key_in(index, last), last.key))

    def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
        """See `Table.write`."""
        require_writable(operations)
        creates = [each.item for each in operations if isinstance(each, Create)]
        if creates and len(creates) == len(operations):
            try:
                self._commit(_insertion(creates), durable=durable, single=True)
            except sqlite3.IntegrityError:
                pass  # one of them is there, if only as an expired one: the slow way finds out
            else:
                return

        def change(connection: sqlite3.Connection) -> None:
            now = _now()
            for position, operation in enumerate(operations):
                if not _OPERATIONS[type(operation)](connection, operation, now):
                    raise ConditionFailed(operation=position)

        self._commit(change, durable=durable)

    def _commit(self, change: Change, *, durable: bool, single: bool = False) -> None:
        if durable:
            self._database.promise(change, single=single)
        else:
            self._database.write(change, durable=False, single=single)

    def pending_outbox(self, limit: int) -> tuple[Item, ...]:
        """Up to `limit` events that have not been relayed, in the order they were committed.

        They are on the disk, and do not expire: a relay that was off for long still has to hand
        them on.
        """
        rows = self._database.rows(OUTBOX_ITEMS, (limit,))
        self._database.settle()
        return tuple(item for pk, sk, *row in rows if (item := _item(Key(pk, sk), row, now=0)))

    def relayed(self, count: int, unpublishable: Sequence[Item] = ()) -> None:
        """Take the oldest `count` events out of the outbox. Those that cannot be published are kept
        under another kind.
        """

        def change(connection: sqlite3.Connection) -> None:
            for item in unpublishable:
                _put(connection, Put(replace(item, kind=UNPUBLISHABLE)), 0)
            _done(connection, DELETE_OUTBOX_ITEMS, (count - len(unpublishable),))

        # What is published once more after a loss of power is published at least once.
        self._database.write(change, durable=False)

    def sweep(self, limit: int) -> int:
        """Remove up to `limit` items that have expired; returns how many."""
        return self._database.write(lambda connection: _done(connection, SWEEP, (_now(), limit)))


def _insertion(items: Sequence[Item]) -> Change:
    """All of them by one statement, as nearly always none of them is there."""
    rows = ((item.key.partition, item.key.sort, *_row(item)) for item in items)
    values = [value for row in rows for value in row]
    return lambda connection: connection.execute(insert(len(items)), values)


def _now() -> int:
    return epoch_ms() // 1000


def _item(key: Key, row: Sequence[Any], now: int) -> Item | None:
    """The item of a row of `GET`'s columns; None if it has expired."""
    gsi1pk, gsi1sk, gsi2pk, gsi2sk, kind, revision, expires_at, body = row
    if expires_at is not None and expires_at <= now:
        return None
    gsi1 = None if gsi1pk is None else Key(gsi1pk, gsi1sk)
    gsi2 = None if gsi2pk is None else Key(gsi2pk, gsi2sk)
    return Item(key, kind, body, revision, gsi1, gsi2, expires_at)


def _key_in(index: Index, item: Item) -> Key:
    key = {Index.PRIMARY: item.key, Index.GSI1: item.gsi1, Index.GSI2: item.gsi2}[index]
    assert key is not None  # it was found by this key
    return key


def _row(item: Item) -> Row:
    """The item in the order of the table's columns after its key."""
    gsi1, gsi2 = item.gsi1, item.gsi2
    return (
        None if gsi1 is None else gsi1.partition,
        None if gsi1 is None else gsi1.sort,
        None if gsi2 is None else gsi2.partition,
        None if gsi2 is None else gsi2.sort,
        item.kind,
        item.revision,
        item.expires_at,
        item.body,
    )


def _done(connection: sqlite3.Connection, statement: str, parameters: Row) -> int:
    """Execute; returns how many items that changed."""
    return connection.execute(statement, parameters).rowcount


def _create(connection: sqlite3.Connection, operation: Create, now: int) -> bool:
    key, row = operation.item.key, _row(operation.item)
    return _done(connection, CREATE, (key.partition, key.sort, *row, now)) == 1


def _replace(connection: sqlite3.Connection, operation: Replace, now: int) -> bool:
    """Mostly nothing but the body changes, and then no index needs to be written."""
    key = operation.item.key
    *indexed, revision, expires_at, body = _row(operation.item)
    stored = (key.partition, key.sort, revision - 1, now)
    row = (*indexed, revision, expires_at, body)
    return (
        _done(connection, REPLACE_BODY, (revision, body, *stored, *indexed, expires_at)) == 1
        or _done(connection, REPLACE, (*row, *stored)) == 1
    )


def _put(connection: sqlite3.Connection, operation: Put, now: int) -> bool:
    key, row = operation.item.key, _row(operation.item)
    return _done(connection, PUT, (key.partition, key.sort, *row)) == 1


def _delete(connection: sqlite3.Connection, operation: Delete, now: int) -> bool:
    key = (operation.key.partition, operation.key.sort)
    if operation.revision is None:
        _done(connection, DELETE, key)
        return True
    return _done(connection, DELETE_AT_REVISION, (*key, operation.revision, now)) == 1


def _check(connection: sqlite3.Connection, operation: Check, now: int) -> bool:
    parameters = (operation.key.partition, operation.key.sort, now)
    found = connection.execute(REVISION, parameters).fetchall()
    return found == ([] if operation.revision is None else [(operation.revision,)])


_OPERATIONS: dict[type[Operation], Callable[[sqlite3.Connection, Any, int], bool]] = {
    Create: _create,
    Replace: _replace,
    Put: _put,
    Delete: _delete,
    Check: _check,
}
"""How each operation is done; False where its condition does not hold."""
