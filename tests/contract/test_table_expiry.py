"""Items whose time is over are not there, whether or not anybody has removed them yet."""

import pytest

from promptpilot.ports.table import Create, Index, Item, Key, Put, Replace, Table
from tests.contract.hand_clock import HandClock
from tests.contract.items import create, item, refused_at, sorts

KEY = Key("p", "s")


def test_an_item_is_there_until_the_second_in_which_it_expires(
    table: Table, clock: HandClock
) -> None:
    expiring = item(expires_at=clock.seconds + 2, gsi1=Key("g", "1"), gsi2=Key("h", "1"))
    create(table, expiring)
    clock.seconds += 1
    assert seen(table) == [expiring] * 5
    clock.seconds += 1
    assert seen(table) == []


def seen(table: Table) -> list[Item]:
    """The item as every way of reading finds it."""
    ways = [
        [table.get(KEY)],
        table.get_many([KEY]),
        table.query("p").items,
        table.query("g", index=Index.GSI1).items,
        table.query("h", index=Index.GSI2).items,
    ]
    return [each for way in ways for each in way if each is not None]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("index", Index)
def test_expired_items_take_no_place_on_a_page(
    table: Table, clock: HandClock, index: Index, descending: bool
) -> None:
    names = [f"{number:02}" for number in range(40)]
    kept = [name for name in names if int(name) % 13 == 5]
    table.write(
        [
            Create(
                item(
                    name,
                    gsi1=Key("p", name),
                    gsi2=Key("p", name),
                    expires_at=None if name in kept else clock.seconds + 1,
                )
            )
            for name in names
        ]
    )
    clock.seconds += 1
    found: list[str] = []
    pages = 0
    after = None
    while pages == 0 or after is not None:
        page = table.query("p", index=index, limit=2, after=after, descending=descending)
        found += sorts(page.items)
        after = page.next
        pages += 1
    assert found == (kept[::-1] if descending else kept)
    assert pages == 2


def test_a_new_item_in_place_of_an_expired_one_is_there(table: Table, clock: HandClock) -> None:
    create(table, item(expires_at=clock.seconds, gsi1=Key("g", "old")))
    fresh = item(body='"fresh"', gsi1=Key("g", "new"))
    create(table, fresh)
    assert table.get(KEY) == fresh
    assert table.query("g", index=Index.GSI1).items == (fresh,)


def test_an_item_can_be_given_more_time(table: Table, clock: HandClock) -> None:
    create(table, item(expires_at=clock.seconds + 1))
    table.write([Put(item(expires_at=clock.seconds + 100))])
    clock.seconds += 50
    assert table.get(KEY) is not None


def test_an_expired_item_cannot_be_replaced_even_if_nothing_but_its_body_changes(
    table: Table, clock: HandClock
) -> None:
    expired = item(expires_at=clock.seconds)
    create(table, expired)
    assert refused_at(table, [Replace(expired.next('"late"'))]) == 0
    assert refused_at(table, [Create(item("other")), Replace(expired.next('"late"'))]) == 1
