"""Items and operations in DynamoDB's own words."""

from collections.abc import Mapping
from typing import Any

from promptpilot.ports.table import Check, Create, Delete, Index, Item, Key, Operation, Put, Replace

Attributes = Mapping[str, Mapping[str, Any]]
"""Names to values with their types: `{"kind": {"S": "prompt"}}`."""

EXPIRY_ATTRIBUTE = "expires_at"
"""Seconds since 1970; the table's time-to-live attribute."""

KEY_ATTRIBUTES = {
    Index.PRIMARY: ("pk", "sk"),
    Index.GSI1: ("gsi1pk", "gsi1sk"),
    Index.GSI2: ("gsi2pk", "gsi2sk"),
}

ALIVE = "(attribute_not_exists(expires_at) OR expires_at > :now)"
"""DynamoDB removes an expired item hours later; until then this is what tells."""

_ABSENT = "(attribute_not_exists(pk) OR expires_at <= :now)"
_AT_REVISION = f"revision = :revision AND {ALIVE}"


def table_definition() -> dict[str, Any]:
    """The table's attributes, keys and indexes, as `CreateTable` takes them."""
    return {
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"}
            for names in KEY_ATTRIBUTES.values()
            for name in names
        ],
        "KeySchema": _key_schema(Index.PRIMARY),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index.value,
                "KeySchema": _key_schema(index),
                "Projection": {"ProjectionType": "ALL"},
            }
            for index in (Index.GSI1, Index.GSI2)
        ],
    }


def _key_schema(index: Index) -> list[dict[str, str]]:
    partition, sort = KEY_ATTRIBUTES[index]
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def key_attributes(key: Key, index: Index = Index.PRIMARY) -> dict[str, dict[str, Any]]:
    """The attributes that hold `key` as the key of `index`."""
    partition, sort = KEY_ATTRIBUTES[index]
    return {partition: {"S": key.partition}, sort: {"S": key.sort}}


def item_attributes(item: Item) -> dict[str, dict[str, Any]]:
    """All attributes of an item; what it does not have is left out."""
    attributes = {
        **key_attributes(item.key),
        "kind": {"S": item.kind},
        "revision": {"N": str(item.revision)},
        "body": {"S": item.body},
    }
    if item.gsi1 is not None:
        attributes |= key_attributes(item.gsi1, Index.GSI1)
    if item.gsi2 is not None:
        attributes |= key_attributes(item.gsi2, Index.GSI2)
    if item.expires_at is not None:
        attributes[EXPIRY_ATTRIBUTE] = {"N": str(item.expires_at)}
    return attributes


def stored_key(attributes: Attributes, index: Index = Index.PRIMARY) -> Key:
    """The key of an item in an index that it is in."""
    partition, sort = KEY_ATTRIBUTES[index]
    return Key(attributes[partition]["S"], attributes[sort]["S"])


def stored_item(attributes: Attributes) -> Item:
    """The item that has these attributes."""
    expires_at = attributes.get(EXPIRY_ATTRIBUTE)
    return Item(
        key=stored_key(attributes),
        kind=attributes["kind"]["S"],
        body=attributes["body"]["S"],
        revision=int(attributes["revision"]["N"]),
        gsi1=stored_key(attributes, Index.GSI1) if "gsi1pk" in attributes else None,
        gsi2=stored_key(attributes, Index.GSI2) if "gsi2pk" in attributes else None,
        expires_at=None if expires_at is None else int(expires_at["N"]),
    )


def write_request(table: str, operation: Operation, now: int) -> dict[str, Any]:
    """The operation as one entry of `TransactWriteItems`."""
    request = {"TableName": table, **_condition(operation, now)}
    match operation:
        case Check():
            return {"ConditionCheck": {**request, "Key": key_attributes(operation.key)}}
        case Delete():
            return {"Delete": {**request, "Key": key_attributes(operation.key)}}
        case Create() | Replace() | Put():
            return {"Put": {**request, "Item": item_attributes(operation.item)}}


def _condition(operation: Operation, now: int) -> dict[str, Any]:
    """What must hold of the stored item, as the request's condition."""
    match operation:
        case Put() | Delete(revision=None):
            return {}
        case Create() | Check(revision=None):
            return _expression(_ABSENT, now=now)
        case Replace():
            return _expression(_AT_REVISION, now=now, revision=operation.item.revision - 1)
        case Delete() | Check():
            return _expression(_AT_REVISION, now=now, revision=operation.revision)


def _expression(condition: str, **values: int | None) -> dict[str, Any]:
    return {
        "ConditionExpression": condition,
        "ExpressionAttributeValues": {
            f":{name}": {"N": str(value)} for name, value in values.items()
        },
    }
