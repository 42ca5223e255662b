"""`Table.write`: what each operation requires and does, and that a transaction is whole."""

from dataclasses import replace
from typing import Any

import pytest

from promptpilot.errors import ConditionFailed
from promptpilot.ports.table import (
    Check,
    Create,
    Delete,
    Index,
    Item,
    Key,
    Operation,
    Put,
    Replace,
    Table,
)
from tests.contract.hand_clock import HandClock
from tests.contract.items import create, item

KEY = Key("p", "s")
STORED = item(body='"stored"', revision=3)
WRITTEN = item(body='"written"', revision=4)
OTHER = item("other")

ABSENT, PRESENT, EXPIRED = "absent", "present", "expired"

HOLDS: list[tuple[Operation, set[str]]] = [
    (Create(WRITTEN), {ABSENT, EXPIRED}),
    (Replace(WRITTEN), {PRESENT}),
    (Replace(replace(WRITTEN, revision=3)), set()),
    (Replace(replace(WRITTEN, revision=5)), set()),
    (Put(WRITTEN), {ABSENT, PRESENT, EXPIRED}),
    (Delete(KEY), {ABSENT, PRESENT, EXPIRED}),
    (Delete(KEY, revision=3), {PRESENT}),
    (Delete(KEY, revision=2), set()),
    (Check(KEY, revision=None), {ABSENT, EXPIRED}),
    (Check(KEY, revision=3), {PRESENT}),
    (Check(KEY, revision=2), set()),
]
"""Each operation, and the states of the stored item in which it may be done."""

MATRIX = [
    pytest.param(operation, state, state in states, id=f"{number}-{type(operation).__name__}")
    for number, (operation, states) in enumerate(HOLDS)
    for state in (ABSENT, PRESENT, EXPIRED)
]


def bring_about(state: str, table: Table, clock: HandClock) -> Item | None:
    """The stored item that a reader sees in this state."""
    if state == PRESENT:
        table.write([Put(STORED)])
        return STORED
    if state == EXPIRED:
        table.write([Put(replace(STORED, expires_at=clock.seconds + 10))])
        clock.seconds += 10
    return None


def result(operation: Operation, before: Item | None) -> Item | None:
    match operation:
        case Create() | Replace() | Put():
            return operation.item
        case Delete():
            return None
        case Check():
            return before


@pytest.mark.parametrize(("operation", "state", "holds"), MATRIX)
def test_an_operation_alone_is_done_or_refused_by_its_condition(
    table: Table, clock: HandClock, operation: Operation, state: str, holds: bool
) -> None:
    before = bring_about(state, table, clock)
    if holds:
        table.write([operation])
        assert table.get(KEY) == result(operation, before)
    else:
        with pytest.raises(ConditionFailed) as refused:
            table.write([operation])
        assert refused.value.operation == 0
        assert table.get(KEY) == before


@pytest.mark.parametrize(("operation", "state", "holds"), MATRIX)
def test_a_transaction_is_done_whole_or_not_at_all(
    table: Table, clock: HandClock, operation: Operation, state: str, holds: bool
) -> None:
    before = bring_about(state, table, clock)
    create(table, item("old"))
    transaction = [Create(OTHER), Delete(Key("p", "old")), operation, Create(item("last"))]
    names = [Key("p", "other"), Key("p", "last"), Key("p", "old")]
    if holds:
        table.write(transaction)
        assert table.get(KEY) == result(operation, before)
        assert table.get_many(names) == [OTHER, item("last"), None]
    else:
        with pytest.raises(ConditionFailed) as refused:
            table.write(transaction)
        assert refused.value.operation == 2
        assert table.get(KEY) == before
        assert table.get_many(names) == [None, None, item("old")]


@pytest.mark.parametrize("state", [ABSENT, PRESENT, EXPIRED])
def test_several_new_items_are_written_all_or_none(
    table: Table, clock: HandClock, state: str
) -> None:
    before = bring_about(state, table, clock)
    creates = [Create(OTHER), Create(WRITTEN), Create(item("last"))]
    keys = [each.item.key for each in creates]
    if state == PRESENT:
        with pytest.raises(ConditionFailed) as refused:
            table.write(creates)
        assert refused.value.operation == 1
        assert table.get_many(keys) == [None, before, None]
    else:
        table.write(creates)
        assert table.get_many(keys) == [OTHER, WRITTEN, item("last")]


def test_the_first_operation_whose_condition_does_not_hold_is_named(table: Table) -> None:
    with pytest.raises(ConditionFailed) as refused:
        table.write(
            [
                Put(item("a")),
                Check(Key("p", "b"), revision=None),
                Replace(item("c", revision=2)),
                Delete(Key("p", "d"), revision=1),
            ]
        )
    assert refused.value.operation == 2


def test_an_item_comes_back_as_it_was_written(table: Table) -> None:
    full = Item(
        key=Key("ws/prompts/Zürich", "\U0001f600/é\u0000"),
        kind="prompt",
        body='{"content": "Grüße, 世界 \U0001f680"}',
        revision=2**53,
        gsi1=Key("g1", "s1"),
        gsi2=Key("g2", "s2"),
        expires_at=4_000_000_000,
    )
    create(table, full)
    assert table.get(full.key) == full


@pytest.mark.parametrize("durable", [True, False])
def test_a_write_is_seen_at_once_whether_it_waits_for_the_disk_or_not(
    table: Table, durable: bool
) -> None:
    table.write([Create(STORED)], durable=durable)
    assert table.get(KEY) == STORED
    with pytest.raises(ConditionFailed):
        table.write([Create(STORED)], durable=durable)


def test_a_replaced_item_keeps_nothing_of_what_it_was(table: Table) -> None:
    create(table, item(gsi1=Key("a", "1"), gsi2=Key("b", "1"), expires_at=4_000_000_000))
    bare = item(kind="other", revision=2)
    table.write([Replace(bare)])
    assert table.get(KEY) == bare


FULL = item(kind="thing", gsi1=Key("a", "1"), gsi2=Key("b", "1"), expires_at=4_000_000_000)


@pytest.mark.parametrize(
    "change",
    [
        {"body": '"new"'},
        {"kind": "other"},
        {"gsi1": Key("a", "2")},
        {"gsi1": Key("c", "1")},
        {"gsi1": None},
        {"gsi2": Key("b", "2")},
        {"gsi2": Key("c", "1")},
        {"gsi2": None},
        {"expires_at": 5_000_000_000},
        {"expires_at": None},
    ],
    ids=str,
)
def test_whatever_a_replacement_changes_is_changed(table: Table, change: dict[str, Any]) -> None:
    create(table, FULL)
    replacement = replace(FULL, revision=2, **change)
    table.write([Replace(replacement)])
    assert table.get(KEY) == replacement
    for index, place in ((Index.GSI1, replacement.gsi1), (Index.GSI2, replacement.gsi2)):
        found = [each for name in "abc" for each in table.query(name, index=index).items]
        assert found == ([replacement] if place else [])


def test_only_one_of_two_writers_of_one_revision_gets_through(table: Table) -> None:
    create(table, item())
    seen = table.get(KEY)
    assert seen is not None
    table.write([Replace(seen.next('"first"'))])
    with pytest.raises(ConditionFailed):
        table.write([Replace(seen.next('"second"'))])
    assert table.get(KEY) == item(body='"first"', revision=2)


def test_an_item_can_be_created_again_after_it_was_deleted(table: Table) -> None:
    create(table, item())
    table.write([Delete(KEY)])
    create(table, item(body='"again"'))
    assert table.get(KEY) == item(body='"again"')


def test_nothing_to_do_is_fine(table: Table) -> None:
    table.write([])


def test_items_are_got_in_the_order_of_their_keys_and_as_often_as_they_are_named(
    table: Table,
) -> None:
    items = [item(str(number)) for number in range(3)]
    create(table, *items)
    names = [Key("p", sort) for sort in ("2", "none", "0", "2", "1")]
    assert table.get_many(names) == [items[2], None, items[0], items[2], items[1]]
    assert table.get_many([]) == []


def test_a_hundred_items_are_written_and_got_at_once(table: Table) -> None:
    items = [item(f"{number:03}") for number in range(100)]
    table.write([Create(each) for each in items])
    assert table.get_many([each.key for each in items]) == items
