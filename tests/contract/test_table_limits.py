"""What a table does not take, the same on every store."""

from collections.abc import Callable

import pytest

from promptpilot.errors import CursorInvalid, TooLarge
from promptpilot.ports.table import (
    MAX_ITEM_BYTES,
    Check,
    Create,
    Delete,
    Index,
    Item,
    Key,
    Operation,
    Position,
    Put,
    Replace,
    Table,
)
from promptpilot.table_limits import MAX_WRITE_BYTES, item_size
from tests.contract.items import create, item

WRITES: list[Callable[[Item], Operation]] = [Create, Replace, Put]
KEY = Key("p", "s")


def item_of_size(size: int, sort: str = "s", filling: str = "x") -> Item:
    bare = item(sort, body="", gsi1=Key("ü", "1"), gsi2=Key("g", "2"))
    count, rest = divmod(size - item_size(bare), len(filling.encode()))
    return item(sort, body=filling * count + "x" * rest, gsi1=bare.gsi1, gsi2=bare.gsi2)


@pytest.mark.parametrize("filling", ["x", "é", "世", "\U0001f600"])
def test_an_item_of_the_largest_size_is_stored(table: Table, filling: str) -> None:
    largest = item_of_size(MAX_ITEM_BYTES, filling=filling)
    create(table, largest)
    assert table.get(KEY) == largest


@pytest.mark.parametrize("filling", ["x", "é", "世", "\U0001f600"])
@pytest.mark.parametrize("write", WRITES)
def test_an_item_one_byte_over_is_too_large(
    table: Table, filling: str, write: Callable[[Item], Operation]
) -> None:
    with pytest.raises(TooLarge) as refused:
        table.write([write(item_of_size(MAX_ITEM_BYTES + 1, filling=filling))])
    assert (refused.value.limit, refused.value.size) == (MAX_ITEM_BYTES, MAX_ITEM_BYTES + 1)
    assert table.get(KEY) is None


def test_an_item_that_is_too_large_stops_the_whole_transaction(table: Table) -> None:
    with pytest.raises(TooLarge):
        table.write([Create(item("first")), Create(item_of_size(MAX_ITEM_BYTES + 1))])
    assert table.get(Key("p", "first")) is None


def test_a_transaction_may_be_as_large_as_dynamodb_takes_and_no_larger(table: Table) -> None:
    most = [item_of_size(MAX_WRITE_BYTES // 10, str(number)) for number in range(10)]
    table.write([Create(each) for each in most])
    assert table.get_many([each.key for each in most]) == most
    with pytest.raises(TooLarge) as refused:
        table.write([*map(Put, most), Put(item("straw"))])
    assert refused.value.limit == MAX_WRITE_BYTES
    assert table.get(Key("p", "straw")) is None


def test_more_than_a_hundred_operations_or_keys_are_a_mistake(table: Table) -> None:
    keys = [Key("p", str(number)) for number in range(101)]
    with pytest.raises(ValueError, match="101 operations"):
        table.write([Delete(key) for key in keys])
    with pytest.raises(ValueError, match="101 keys"):
        table.get_many(keys)


@pytest.mark.parametrize(
    "second", [Create(item()), Put(item()), Delete(KEY), Check(KEY, revision=1)]
)
def test_two_operations_on_one_item_are_a_mistake(table: Table, second: Operation) -> None:
    with pytest.raises(ValueError, match="same item"):
        table.write([Create(item()), second])
    assert table.get(KEY) is None


@pytest.mark.parametrize(
    "operation",
    [
        Create(item("")),
        Put(item("s", "")),
        Create(item(gsi1=Key("g", ""))),
        Create(item(gsi2=Key("", "s"))),
        Delete(Key("", "s")),
        Check(Key("p", ""), revision=None),
    ],
)
def test_a_key_with_an_empty_part_is_a_mistake(table: Table, operation: Operation) -> None:
    with pytest.raises(ValueError, match="empty"):
        table.write([operation])


@pytest.mark.parametrize(
    ("longest", "limit"),
    [
        (item(partition="ä" * 1024), 2048),
        (item("ä" * 512), 1024),
        (item(gsi1=Key("ä" * 1024, "s")), 2048),
        (item(gsi2=Key("g", "ä" * 512)), 1024),
    ],
)
def test_a_key_may_be_as_long_as_dynamodb_takes_and_no_longer(
    table: Table, longest: Item, limit: int
) -> None:
    create(table, longest)
    assert table.get(longest.key) == longest
    longer = Item(
        key=_lengthened(longest.key),
        kind="thing",
        body="{}",
        gsi1=longest.gsi1 and _lengthened(longest.gsi1),
        gsi2=longest.gsi2 and _lengthened(longest.gsi2),
    )
    with pytest.raises(TooLarge) as refused:
        create(table, longer)
    assert refused.value.limit == limit


def _lengthened(key: Key) -> Key:
    """The same, one letter more where the key is at its limit already."""
    return Key(
        key.partition + "x" * (len(key.partition) == 1024), key.sort + "x" * (len(key.sort) == 512)
    )


@pytest.mark.parametrize(
    "key", [Key("p", ""), Key("", "s"), Key("p" * 2049, "s"), Key("p", "s" * 1025)]
)
def test_a_key_that_no_item_can_have_is_not_found(table: Table, key: Key) -> None:
    create(table, item())
    assert table.get(key) is None
    assert table.get_many([key, KEY]) == [None, item()]


@pytest.mark.parametrize("index", Index)
@pytest.mark.parametrize(("partition", "prefix"), [("", ""), ("p" * 2049, ""), ("p", "s" * 1025)])
def test_a_query_for_what_no_item_can_have_finds_nothing(
    table: Table, index: Index, partition: str, prefix: str
) -> None:
    page = table.query(partition, index=index, prefix=prefix)
    assert (page.items, page.next) == ((), None)


@pytest.mark.parametrize("limit", [-1, 0, 1001])
def test_a_page_of_less_than_one_or_more_than_a_thousand_items_is_a_mistake(
    table: Table, limit: int
) -> None:
    with pytest.raises(ValueError, match="limit"):
        table.query("p", limit=limit)


@pytest.mark.parametrize(
    ("after", "index", "prefix"),
    [
        (Position(Key("other", "s"), Key("other", "s")), Index.PRIMARY, ""),
        (Position(Key("p", "s"), Key("p", "t")), Index.PRIMARY, ""),
        (Position(Key("p", "s"), Key("p", "s")), Index.PRIMARY, "t"),
        (Position(Key("other", "s"), Key("p", "s")), Index.GSI1, ""),
        (Position(Key("p", "s"), Key("q", "s")), Index.GSI2, "t"),
    ],
)
def test_a_position_of_another_query_is_refused(
    table: Table, after: Position, index: Index, prefix: str
) -> None:
    with pytest.raises(CursorInvalid):
        table.query("p", index=index, prefix=prefix, after=after)
