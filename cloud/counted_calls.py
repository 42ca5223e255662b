"""What an emulated run asked of AWS, counted from the emulator's own list of calls."""

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

UNIT_BYTES = 1024
"""One write unit writes up to 1 KB, https://aws.amazon.com/dynamodb/pricing/on-demand/."""
TRANSACTED = 2
"""A write in a transaction takes two units for each one."""
INDEXES = ("gsi1pk", "gsi2pk")
"""An item is written to each index of which it has the key as well."""
OWNER_KEYS = "0"
"""The test's own calls are made with the account's number as key; functions have session keys."""


@dataclass
class Counted:
    """Calls by service and operation, write units, and each function's invocations and time."""

    calls: Counter[str] = field(default_factory=Counter)
    write_units: int = 0
    batched_reads: int = 0
    """Items that were read in batches."""
    published: int = 0
    invocations: Counter[str] = field(default_factory=Counter)
    milliseconds: Counter[str] = field(default_factory=Counter)
    units: dict[tuple[str, ...], int] = field(default_factory=dict)
    """What it takes to write each item that was written: to delete it takes as much."""


def size_of(calls: Path) -> int:
    """Where the list ends now, to count from there later."""
    return calls.stat().st_size if calls.exists() else 0


def count_since(calls: Path, start: int) -> Counted:
    """What functions did since the list had `start` bytes."""
    counted = Counted()
    with calls.open("rb") as lines:
        lines.seek(start)
        for line in lines:
            _count(json.loads(line), counted)
    return counted


def item_bytes(item: Mapping[str, Mapping[str, Any]]) -> int:
    """How large DynamoDB takes an item to be: its names and values, without what JSON puts around
    them (Developer Guide, "DynamoDB item sizes and formats"). Of strings, numbers and bytes, which
    is what the product's items are made of; a number is counted as if it was a text.

    Raises `KeyError` for other types.
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    [(kind, plain)] = value.items()
    return _SIZES[kind](plain)


_SIZES: Mapping[str, Callable[[Any], int]] = {
    "S": lambda text: len(text.encode()),
    "N": len,
    "B": lambda encoded: len(b64decode(encoded)),
    "BOOL": lambda _: 1,
    "NULL": lambda _: 1,
}


def _count(call: Mapping[str, Any], counted: Counted) -> None:
    if call["operation"] == "Invoke" and "function" in call:
        counted.invocations[call["function"]] += 1
        counted.milliseconds[call["function"]] += round(call["milliseconds"])
        return
    if call.get("by", OWNER_KEYS).startswith(OWNER_KEYS):
        return
    counted.calls[f"{call['service']} {call['operation']}"] += 1
    parameters = call.get("parameters") or {}
    counted.write_units += sum(_write_units(call["operation"], parameters, counted.units))
    if call["operation"] == "BatchGetItem":
        asked = parameters["RequestItems"].values()
        counted.batched_reads += sum(len(each["Keys"]) for each in asked)
    counted.published += len(parameters.get("Entries", [])) if call["service"] == "events" else 0


def _write_units(
    operation: str, parameters: Mapping[str, Any], known: dict[tuple[str, ...], int]
) -> Iterator[int]:
    if operation == "PutItem":
        yield _put(parameters["Item"], known)
    elif operation == "DeleteItem":
        yield _deleted(parameters["Key"], known)
    elif operation == "TransactWriteItems":
        for each in parameters["TransactItems"]:
            yield TRANSACTED * _part_units(each, known)


def _part_units(part: Mapping[str, Any], known: dict[tuple[str, ...], int]) -> int:
    """Of one part of a transaction; a condition takes as much as a small item."""
    if "Put" in part:
        return _put(part["Put"]["Item"], known)
    return _deleted(part["Delete"]["Key"], known) if "Delete" in part else 1


def _put(item: Mapping[str, Any], known: dict[tuple[str, ...], int]) -> int:
    units = known[_key(item)] = _units(item)
    return units


def _deleted(key: Mapping[str, Any], known: dict[tuple[str, ...], int]) -> int:
    """As if it was in every index, where it was written before the count began."""
    return known.pop(_key(key), len(INDEXES) + 1)


def _key(item: Mapping[str, Any]) -> tuple[str, ...]:
    return item["pk"]["S"], item["sk"]["S"]


def _units(item: Mapping[str, Any]) -> int:
    units = -(-item_bytes(item) // UNIT_BYTES)
    return units * (1 + sum(index in item for index in INDEXES))
