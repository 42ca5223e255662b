"""`Table.query`: order, prefixes, pages and indexes."""

import pytest

from promptpilot.ports.table import Create, Delete, Index, Item, Key, Page, Put, Replace, Table
from tests.contract.items import create, item, sorts

TEXTS = ["\u0000", "\u0001", "A", "Z", "a", "a\u0000", "aa", "ab", "b", "\u007f", "\u0080", "é"]
TEXTS += ["߿", "ࠀ", "世", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0001f600", "\U0010ffff"]
TEXTS += ["\U0010ffff\U0010ffff", "b\U0010ffff", "b\U0010ffffb", "\ud7ff\ud7ff", "aé"]
IN_ORDER = sorted(TEXTS, key=str.encode)
SOME = TEXTS[::3]
PREFIXES = ["", "a", "c", "\u007f", "é", "\ud7ff", "\uffff", "\U0010ffff", "b\U0010ffff"]


def keyed(index: Index, sort: str, number: int = 0) -> Item:
    """An item that is at `sort` of the partition "p" of the index."""
    if index is Index.PRIMARY:
        return item(sort)
    return item(f"{number:03}", "elsewhere", **{index.value: Key("p", sort)})


def index_sorts(index: Index, page: Page) -> list[str]:
    places = [item.key if index is Index.PRIMARY else getattr(item, index) for item in page.items]
    return [place.sort for place in places]


def fill(table: Table, index: Index, texts: list[str]) -> None:
    table.write([Create(keyed(index, text, number)) for number, text in enumerate(texts)])


@pytest.mark.parametrize("index", Index)
@pytest.mark.parametrize("descending", [False, True])
def test_items_are_ordered_by_the_utf_8_bytes_of_their_sort_keys(
    table: Table, index: Index, descending: bool
) -> None:
    fill(table, index, TEXTS)
    page = table.query("p", index=index, descending=descending)
    assert index_sorts(index, page) == (IN_ORDER[::-1] if descending else IN_ORDER)
    assert page.next is None


@pytest.mark.parametrize("index", Index)
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 4, len(SOME) - 1, len(SOME), 1000])
def test_pages_follow_each_other_without_gap_or_overlap(
    table: Table, index: Index, descending: bool, limit: int
) -> None:
    fill(table, index, SOME)
    found: list[str] = []
    sizes = []
    after = None
    while True:
        page = table.query("p", index=index, limit=limit, after=after, descending=descending)
        found += index_sorts(index, page)
        sizes.append(len(page.items))
        after = page.next
        if after is None:
            break
    assert found == sorted(SOME, key=str.encode, reverse=descending)
    assert all(size == limit for size in sizes[:-1])
    assert 0 < sizes[-1] <= limit


@pytest.mark.parametrize("index", Index)
@pytest.mark.parametrize("descending", [False, True])
def test_a_prefix_finds_all_that_begins_with_it_and_nothing_else(
    table: Table, index: Index, descending: bool
) -> None:
    fill(table, index, TEXTS)
    for prefix in PREFIXES:
        page = table.query("p", index=index, prefix=prefix, descending=descending)
        expected = [text for text in IN_ORDER if text.startswith(prefix)]
        assert index_sorts(index, page) == (expected[::-1] if descending else expected), prefix


@pytest.mark.parametrize("index", Index)
@pytest.mark.parametrize("descending", [False, True])
def test_a_prefix_holds_on_every_page(table: Table, index: Index, descending: bool) -> None:
    fill(table, index, TEXTS)
    expected = [text for text in IN_ORDER if text.startswith("b")]
    found: list[str] = []
    after = None
    for _ in expected:
        page = table.query(
            "p", index=index, prefix="b", limit=1, after=after, descending=descending
        )
        found += index_sorts(index, page)
        after = page.next
    assert found == (expected[::-1] if descending else expected)
    assert after is None


@pytest.mark.parametrize("index", [Index.GSI1, Index.GSI2])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 4, 100])
def test_items_of_equal_index_keys_are_ordered_by_primary_key_on_every_page(
    table: Table, index: Index, descending: bool, limit: int
) -> None:
    primaries = [Key(partition, sort) for partition in ("é", "a") for sort in ("é", "2", "10")]
    equal = [item(key.sort, key.partition, **{index: Key("p", "same")}) for key in primaries]
    around = [item(sort, "x", **{index: Key("p", sort)}) for sort in ("before", "the end")]
    table.write([Create(each) for each in equal + around])
    found: list[Key] = []
    after = None
    while True:
        page = table.query("p", index=index, limit=limit, after=after, descending=descending)
        found += [each.key for each in page.items]
        after = page.next
        if after is None:
            break
    expected = [Key("x", "before"), *sorted(primaries), Key("x", "the end")]
    assert found == (expected[::-1] if descending else expected)


@pytest.mark.parametrize("index", Index)
@pytest.mark.parametrize("descending", [False, True])
def test_a_page_goes_on_from_an_item_that_is_gone_meanwhile(
    table: Table, index: Index, descending: bool
) -> None:
    fill(table, index, ["a", "b", "c", "d"])
    first = table.query("p", index=index, limit=2, descending=descending)
    assert first.next is not None
    table.write([Delete(first.next.key)])
    rest = table.query("p", index=index, after=first.next, descending=descending)
    assert index_sorts(index, rest) == (["b", "a"] if descending else ["c", "d"])


@pytest.mark.parametrize("index", Index)
def test_a_page_sees_what_is_written_after_the_page_before(table: Table, index: Index) -> None:
    fill(table, index, ["a", "b", "c"])
    first = table.query("p", index=index, limit=2)
    table.write([Create(keyed(index, "bb", 8)), Create(keyed(index, "aa", 9))])
    rest = table.query("p", index=index, after=first.next)
    assert index_sorts(index, rest) == ["bb", "c"]


def test_a_query_stays_in_its_partition(table: Table) -> None:
    create(table, item("1", "p"), item("2", "p/q"), item("3", "o"), item("4", "P"))
    assert sorts(table.query("p").items) == ["1"]


def test_an_index_holds_only_the_items_that_have_its_key(table: Table) -> None:
    create(table, item("1"), item("2", gsi1=Key("p", "x")), item("3", gsi2=Key("p", "x")))
    assert sorts(table.query("p").items) == ["1", "2", "3"]
    assert sorts(table.query("p", index=Index.GSI1).items) == ["2"]
    assert sorts(table.query("p", index=Index.GSI2).items) == ["3"]


@pytest.mark.parametrize("index", [Index.GSI1, Index.GSI2])
def test_an_item_moves_between_the_partitions_of_an_index(table: Table, index: Index) -> None:
    create(table, item(**{index: Key("old", "1")}))
    moved = item(revision=2, **{index: Key("new", "2")})
    table.write([Replace(moved)])
    assert table.query("old", index=index).items == ()
    assert table.query("new", index=index).items == (moved,)
    gone = item(revision=3)
    table.write([Replace(gone)])
    assert table.query("new", index=index).items == ()
    table.write([Put(moved)])
    assert table.query("new", index=index).items == (moved,)
    table.write([Delete(moved.key)])
    assert table.query("new", index=index).items == ()


@pytest.mark.parametrize("index", [Index.GSI1, Index.GSI2])
def test_an_index_shows_the_new_body_of_an_item_that_stays_in_place(
    table: Table, index: Index
) -> None:
    first = item(**{index: Key("p", "1")})
    create(table, first)
    table.write([Replace(first.next('"new"'))])
    assert table.query("p", index=index).items == (first.next('"new"'),)


def test_a_page_of_large_items_is_as_long_as_it_was_asked_for(table: Table) -> None:
    """DynamoDB ends an answer at 1 MB; the adapter asks on."""
    items = [item(str(number), body="x" * 350_000) for number in range(8)]
    create(table, *items)
    page = table.query("p", limit=7)
    assert page.items == tuple(items[:7])
    assert table.query("p", limit=7, after=page.next).items == (items[7],)
