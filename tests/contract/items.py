"""Items for tests of tables."""

from typing import Any

from promptpilot.errors import ConditionFailed
from promptpilot.ports.table import Create, Item, Key, Operation, Table


def item(sort: str = "s", partition: str = "p", **fields: Any) -> Item:
    return Item(**{"key": Key(partition, sort), "kind": "thing", "body": "{}", **fields})


def create(table: Table, *items: Item) -> None:
    """Write new items, each on its own."""
    for each in items:
        table.write([Create(each)])


def refused_at(table: Table, operations: list[Operation]) -> int | None:
    """The position of the operation that stopped the transaction; None if it was done."""
    try:
        table.write(operations)
    except ConditionFailed as error:
        return error.operation
    return None


def sorts(items: tuple[Item, ...]) -> list[str]:
    return [item.key.sort for item in items]
