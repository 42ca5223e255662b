"""Ordered, paged queries of a DynamoDB table."""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from promptpilot.adapters.aws.dynamo_errors import calling
from promptpilot.adapters.aws.dynamo_items import (
    ALIVE,
    KEY_ATTRIBUTES,
    Attributes,
    stored_item,
    stored_key,
)
from promptpilot.ports.table import Index, Item, Page, Position
from promptpilot.sort_range import SortRange

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Found = tuple[Position, Item]


def query_page(
    client: "DynamoDBClient",
    table: str,
    *,
    partition: str,
    index: Index,
    wanted: SortRange,
    limit: int,
    after: Position | None,
    descending: bool,
    now: int,
) -> Page:
    """One page of a query.

    DynamoDB does not say how it orders items of equal index keys, so they are read together and
    put in order here; a page starts by the range of sort keys and not by DynamoDB's own position.
    """
    low, high = wanted.start, wanted.end
    if after is not None:
        low, high = (low, after.at.sort) if descending else (after.at.sort, high)
    request = {
        **_key_condition(index, partition, low, high),
        "TableName": table,
        "FilterExpression": ALIVE,
        "ScanIndexForward": not descending,
        # The one that the page is after, one to know whether there are more, and one to know that
        # the last has no equal.
        "Limit": limit + 3,
        "ConsistentRead": index is Index.PRIMARY,
    }
    request["ExpressionAttributeValues"][":now"] = {"N": str(now)}
    if index is not Index.PRIMARY:
        request["IndexName"] = index.value
    read = (
        (Position(stored_key(attributes, index), stored_key(attributes)), stored_item(attributes))
        for attributes in _all(client, request)
    )
    inside = (found for found in read if found[0].at.sort != wanted.end)
    return _page(_past(_in_order(inside, descending), after, descending), limit)


def _key_condition(index: Index, partition: str, low: str, high: str | None) -> dict[str, Any]:
    """Sort keys from `low` to `high`, both included; "" and None stand for the ends."""
    partition_name, sort_name = KEY_ATTRIBUTES[index]
    values = {":partition": {"S": partition}}
    condition = f"{partition_name} = :partition"
    if low:
        values[":low"] = {"S": low}
    if high:
        values[":high"] = {"S": high}
    if low and high:
        condition += f" AND {sort_name} BETWEEN :low AND :high"
    elif low:
        condition += f" AND {sort_name} >= :low"
    elif high:
        condition += f" AND {sort_name} <= :high"
    return {"KeyConditionExpression": condition, "ExpressionAttributeValues": values}


def _all(client: "DynamoDBClient", request: dict[str, Any]) -> Iterator[Attributes]:
    """What a query finds, with as many requests as are needed for what is taken of it."""
    start: dict[str, Any] = {}
    while True:
        answer = calling(client.query, **request, **start)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _in_order(found: Iterable[Found], descending: bool) -> Iterator[Found]:
    """Items of equal index keys ordered by primary key."""
    for _, equals in groupby(found, key=lambda each: each[0].at.sort):
        yield from sorted(equals, key=lambda each: each[0].key, reverse=descending)


def _past(found: Iterable[Found], after: Position | None, descending: bool) -> Iterator[Found]:
    """What comes after the position; the reading began with all that has its sort key."""
    for position, item in found:
        if (
            after is None
            or position.at.sort != after.at.sort
            or (position.key < after.key if descending else position.key > after.key)
        ):
            yield position, item


def _page(found: Iterator[Found], limit: int) -> Page:
    page = list(islice(found, limit + 1))
    following = page[limit - 1][0] if len(page) > limit else None
    return Page(tuple(item for _, item in page[:limit]), following)
