"""The store of items: one table with two more indexes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

MAX_ITEM_BYTES = 400_000
"""An item's largest size, keys included (DynamoDB's own limit is 400 KiB; this is the same on every
store).
"""


MAX_WRITE_OPERATIONS = 100
"""The most operations of one transaction (DynamoDB's limit)."""


class Index(StrEnum):
    """Which order of the table a query reads."""

    PRIMARY = "primary"
    GSI1 = "gsi1"
    GSI2 = "gsi2"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A place in the table or in one of its indexes: a partition and a position within it (ordered
    by UTF-8 bytes).
    """

    partition: str
    sort: str


@dataclass(frozen=True, slots=True)
class Item:
    """One item. `body` is JSON text that the store does not look into; `revision` counts its writes
    from 1.
    """

    key: Key
    kind: str
    body: str
    revision: int = 1
    gsi1: Key | None = None
    gsi2: Key | None = None
    expires_at: int | None = None
    """Seconds since 1970; from then on no read returns the item."""

    def next(self, body: str) -> "Item":
        """The same item with another body, one revision later."""
        return replace(self, body=body, revision=self.revision + 1)


@dataclass(frozen=True, slots=True)
class Create:
    """Write an item that must not exist yet (an expired one does not exist)."""

    item: Item


@dataclass(frozen=True, slots=True)
class Replace:
    """Write over the stored item, whose revision must be `item.revision - 1`."""

    item: Item


@dataclass(frozen=True, slots=True)
class Put:
    """Write an item whatever is there."""

    item: Item


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item: with `revision` only at that one, without whatever is there (nothing there is
    fine).
    """

    key: Key
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Change nothing, but require the item to be at `revision`; None requires that it is not
    there.
    """

    key: Key
    revision: int | None


Operation = Create | Replace | Put | Delete | Check


@dataclass(frozen=True, slots=True)
class Position:
    """Where a query stopped: the index key and the primary key of the last item returned."""

    at: Key
    key: Key


@dataclass(frozen=True, slots=True)
class Page:
    """Some items in order, and where to go on; `next` is None at the end."""

    items: tuple[Item, ...]
    next: Position | None


class Table(Protocol):
    """Items by key, conditional all-or-nothing writes, ordered queries.

    Every method raises `StoreUnavailable` when the store is locked, full or out of reach.
    """

    def get(self, key: Key) -> Item | None:
        """The item at `key` as of the last completed write, or None."""
        ...

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        """The items at `keys` (at most 100), in their order; None where there is none."""
        ...

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
        """Up to `limit` (1..1000) items of one partition of an index whose sort key starts with
        `prefix`, in sort order.

        Items of equal index keys are ordered by primary key. `after` goes on from a page's `next`,
        in either direction.
        """
        ...

    def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
        """Do all operations or none; at most 100, each on another item.

        Without `durable` a store may keep the write from the disk until the next durable one; a
        dead process does not lose it, a loss of power may. Everybody sees it at once all the same.

        Raises `ConditionFailed(operation=position)` for the first condition that did not hold,
        `TooLarge` for an item over `MAX_ITEM_BYTES`.
        """
        ...
