"""What is counted and priced."""

import json
from pathlib import Path
from typing import Any

import pytest

from cloud.bill import Item, table, total
from cloud.counted_calls import count_since, item_bytes, size_of
from cloud.idle_month import POLLS, free_of_charge, idle_month
from cloud.unit_prices import REGIONS, US_EAST_1

SESSION, OWNER = "ASIA0123456789", "000000000000"


def call(operation: str, parameters: dict[str, Any], by: str = SESSION) -> str:
    told = {"service": "dynamodb", "operation": operation, "by": by, "parameters": parameters}
    return json.dumps(told) + "\n"


def item(bytes_: int, **keys: str) -> dict[str, Any]:
    named = {"pk": "a", "sk": "b", **keys}
    return {"body": {"S": "x" * bytes_}, **{name: {"S": value} for name, value in named.items()}}


def units(tmp_path: Path, *lines: str) -> int:
    calls = tmp_path / "calls.jsonl"
    calls.write_text("".join(lines))
    return count_since(calls, 0).write_units


def test_a_kilobyte_is_one_unit_and_every_index_one_more(tmp_path: Path) -> None:
    assert units(tmp_path, call("PutItem", {"Item": item(500)})) == 1
    assert units(tmp_path, call("PutItem", {"Item": item(1500)})) == 2
    assert units(tmp_path, call("PutItem", {"Item": item(500, gsi1pk="a", gsi2pk="b")})) == 3


def test_a_deletion_takes_what_the_item_took(tmp_path: Path) -> None:
    key = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    delete, put = call("DeleteItem", {"Key": key}), call("PutItem", {"Item": item(500)})
    assert units(tmp_path, put, delete) == 1 + 1
    assert units(tmp_path, delete) == 3  # as if it was in every index
    both = {"TransactItems": [{"Delete": {"Key": key}}]}
    assert units(tmp_path, put, call("TransactWriteItems", both)) == 1 + 2


def test_an_item_is_as_large_as_its_names_and_values_not_as_their_json() -> None:
    assert item_bytes({"ab": {"S": '""'}, "c": {"N": "12"}, "d": {"B": "AAAA"}}) == 4 + 3 + 4
    assert item_bytes({"é": {"BOOL": True}}) == 3


def test_a_transaction_takes_two_units_for_one(tmp_path: Path) -> None:
    both = [{"Put": {"Item": item(500)}}, {"ConditionCheck": {}}]
    assert units(tmp_path, call("TransactWriteItems", {"TransactItems": both})) == 4


def test_each_item_of_a_batch_is_read(tmp_path: Path) -> None:
    calls = tmp_path / "calls.jsonl"
    keys = [{"pk": {"S": "a"}}, {"pk": {"S": "b"}}]
    calls.write_text(call("BatchGetItem", {"RequestItems": {"table": {"Keys": keys}}}))
    assert count_since(calls, 0).batched_reads == 2


def test_only_functions_are_counted_and_only_from_then_on(tmp_path: Path) -> None:
    calls = tmp_path / "calls.jsonl"
    assert size_of(calls) == 0
    calls.write_text(call("GetItem", {}))
    start = size_of(calls)
    invoked = {"service": "lambda", "operation": "Invoke", "function": "api", "milliseconds": 12}
    with calls.open("a") as more:
        more.write(call("GetItem", {}) + call("GetItem", {}, OWNER) + json.dumps(invoked) + "\n")
    counted = count_since(calls, start)
    assert counted.calls == {"dynamodb GetItem": 1}
    assert (counted.invocations, counted.milliseconds) == ({"api": 1}, {"api": 12})


def test_an_idle_queue_that_feeds_a_function_costs_its_polling() -> None:
    mapping = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {}}
    stream = {**mapping, "Properties": {"StartingPosition": "LATEST"}}
    bill = idle_month([{"Resources": {"queue": mapping, "stream": stream}}], US_EAST_1)
    [polls] = [each for each in bill if each.name == POLLS]
    assert polls.count == 5 * 3 * 60 * 24 * 30
    assert free_of_charge(bill) == pytest.approx(polls.price)


def test_the_dearest_item_is_told_first() -> None:
    items = [Item("cheap", 1, 0.01), Item("dear", 2, 1.0)]
    assert total(items) == pytest.approx(2.01)
    lines = table("Bill", items).splitlines()
    assert lines[2].split()[0] == "dear"


@pytest.mark.parametrize("region", REGIONS)
def test_every_price_is_positive(region: str) -> None:
    assert all(price > 0 for price in vars(REGIONS[region]).values())
