"""Lists of heads, newest first: going through an index until a page is full."""

from collections.abc import Callable
from typing import TypeVar

from promptpilot.ports.table import Index, Item, Page, Position, Table

SCANNED_PAGES = 10
"""How many pages of the index one list looks through before it answers with what it has."""

PAGE_SIZE = 100

T = TypeVar("T")


def listed(
    partition: str,
    shown: Callable[[Item], T | None],
    *,
    limit: int,
    after: Position | None,
    filtered: bool,
    table: Table,
) -> tuple[tuple[T, ...], Position | None]:
    """What `shown` makes of the items, `limit` at most, and where to go on; None is left out.

    Where much may be left out (`filtered`) more is read at once, `SCANNED_PAGES` pages at most: a
    page may be short and still have a next one.
    """
    found: list[T] = []
    for _ in range(SCANNED_PAGES):
        page = table.query(
            partition,
            index=Index.GSI1,
            limit=PAGE_SIZE if filtered else limit,
            after=after,
            descending=True,
        )
        for item in page.items:
            entry = shown(item)
            if entry is not None:
                found.append(entry)
            if len(found) == limit:
                return tuple(found), _next(item, page)
        after = page.next
        if after is None:
            break
    return tuple(found), after


def _next(item: Item, page: Page) -> Position | None:
    """Where to go on after `item`, which is in `page`."""
    if item is page.items[-1]:
        return page.next
    assert item.gsi1 is not None
    return Position(at=item.gsi1, key=item.key)
