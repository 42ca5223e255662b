"""What a `Table` takes in one write, the same on every store.

The limits are DynamoDB's, so that nothing that is written on a laptop is refused in the cloud.
"""

from collections.abc import Sequence

from promptpilot.errors import TooLarge
from promptpilot.ports.table import (
    MAX_ITEM_BYTES,
    MAX_WRITE_OPERATIONS,
    Check,
    Delete,
    Item,
    Key,
    Operation,
)

MAX_PARTITION_BYTES = 2048
MAX_SORT_BYTES = 1024

MAX_WRITE_BYTES = 3_900_000
"""The most bytes of items in one transaction. DynamoDB allows 4 MB with attribute names and numbers
counted, which `item_size` leaves out.
"""

MAX_READ_KEYS = 100
MAX_PAGE_ITEMS = 1000


def item_size(item: Item) -> int:
    """The bytes of an item's keys, kind and body in UTF-8.

    Raises `TooLarge` for a key over its limit, `ValueError` for a key that has an empty part.
    """
    size = _key_size(item.key) + _utf8_size(item.kind) + _utf8_size(item.body)
    if item.gsi1 is not None:
        size += _key_size(item.gsi1)
    if item.gsi2 is not None:
        size += _key_size(item.gsi2)
    return size


def is_storable(key: Key) -> bool:
    """Whether there can be an item at `key` at all."""
    return (
        0 < _utf8_size(key.partition) <= MAX_PARTITION_BYTES
        and 0 < _utf8_size(key.sort) <= MAX_SORT_BYTES
    )


def require_writable(operations: Sequence[Operation]) -> None:
    """Refuse a transaction that no store would take.

    Raises `TooLarge` for an item, a key or a whole that is over its limit, `ValueError` for too
    many operations, two on one item or a key that has an empty part.
    """
    if len(operations) > MAX_WRITE_OPERATIONS:
        raise ValueError(f"{len(operations)} operations are more than {MAX_WRITE_OPERATIONS}")
    keys = set()
    total = 0
    for operation in operations:
        if isinstance(operation, Delete | Check):
            keys.add(operation.key)
            _key_size(operation.key)
        else:
            keys.add(operation.item.key)
            total += _writable_size(operation.item)
    if len(keys) < len(operations):
        raise ValueError("two operations of one transaction are on the same item")
    if total > MAX_WRITE_BYTES:
        raise TooLarge("The items of one transaction", MAX_WRITE_BYTES, total)


def require_few_keys(keys: Sequence[Key]) -> None:
    """Raises `ValueError` for more keys than one read may name."""
    if len(keys) > MAX_READ_KEYS:
        raise ValueError(f"{len(keys)} keys are more than {MAX_READ_KEYS}")


def _writable_size(item: Item) -> int:
    size = item_size(item)
    if size > MAX_ITEM_BYTES:
        raise TooLarge("An item", MAX_ITEM_BYTES, size)
    return size


def _key_size(key: Key) -> int:
    partition, sort = _utf8_size(key.partition), _utf8_size(key.sort)
    if not partition or not sort:
        raise ValueError(f"{key} has an empty part")
    if partition > MAX_PARTITION_BYTES:
        raise TooLarge("A partition key", MAX_PARTITION_BYTES, partition)
    if sort > MAX_SORT_BYTES:
        raise TooLarge("A sort key", MAX_SORT_BYTES, sort)
    return partition + sort


def _utf8_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
