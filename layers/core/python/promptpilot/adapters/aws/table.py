"""The `Table` of the AWS platform, in DynamoDB."""

import random
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from promptpilot.adapters.aws.dynamo_errors import calling, is_conflict
from promptpilot.adapters.aws.dynamo_items import key_attributes, stored_item, write_request
from promptpilot.adapters.aws.dynamo_query import query_page
from promptpilot.clock import epoch_ms
from promptpilot.errors import StoreUnavailable
from promptpilot.ports.table import Index, Item, Key, Operation, Page, Position
from promptpilot.sort_range import sort_range
from promptpilot.table_limits import is_storable, require_few_keys, require_writable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAUSES = (0.02, 0.04, 0.08, 0.16, 0.32)
"""The longest pauses, in seconds, before a request is made again that DynamoDB put off."""


class DynamoTable:
    """A `Table` in a DynamoDB table that `table_definition` describes.

    Reads by primary key see every write that has returned. Queries of GSI1 and GSI2 are eventually
    consistent: an item shows there mostly within milliseconds, but with no promise.

    The client retries what DynamoDB throttles (botocore's standard mode). An answer that is lost on
    the way is out of anybody's hands: a conditional write of one item that went through, and is
    retried, reports `ConditionFailed`; where every retry is lost, `StoreUnavailable` leaves open
    whether it was written.
    """

    def __init__(
        self, client: "DynamoDBClient", name: str, *, pauses: Sequence[float] = PAUSES
    ) -> None:
        self._client = client
        self._name = name
        self._pauses = pauses

    def get(self, key: Key) -> Item | None:
        """See `Table.get`."""
        if not is_storable(key):
            return None
        found = calling(
            self._client.get_item,
            TableName=self._name,
            Key=key_attributes(key),
            ConsistentRead=True,
        )
        return _unexpired(stored_item(found["Item"])) if "Item" in found else None

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        """See `Table.get_many`."""
        require_few_keys(keys)
        wanted = {key for key in keys if is_storable(key)}
        found = {item.key: item for item in self._batch(wanted)} if wanted else {}
        return [_unexpired(found[key]) if key in found else None for key in keys]

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
        """See `Table.query`. Consistent on the primary index only."""
        wanted = sort_range(partition, index, prefix, limit, after)
        if not is_storable(Key(partition, prefix or "any")):
            return Page((), None)
        return query_page(
            self._client,
            self._name,
            partition=partition,
            index=index,
            wanted=wanted,
            limit=limit,
            after=after,
            descending=descending,
            now=_now(),
        )

    def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
        """See `Table.write`. One operation alone costs half of what it costs in a transaction."""
        require_writable(operations)
        for pause in self._tries():
            try:
                self._write(operations)
                return
            except StoreUnavailable as error:
                if pause is None or not is_conflict(error):
                    raise
            time.sleep(pause)

    def _write(self, operations: Sequence[Operation]) -> None:
        now = _now()
        requests = [write_request(self._name, operation, now) for operation in operations]
        match requests:
            case []:
                return
            case [{"Put": put}]:
                calling(self._client.put_item, **put)
            case [{"Delete": delete}]:
                calling(self._client.delete_item, **delete)
            case _:
                calling(self._client.transact_write_items, TransactItems=requests)

    def _batch(self, keys: set[Key]) -> Iterator[Item]:
        """The items at `keys`; DynamoDB may hand them out in several parts."""
        rest: Any = {
            self._name: {"Keys": [key_attributes(key) for key in keys], "ConsistentRead": True}
        }
        for pause in self._tries():
            answer = calling(self._client.batch_get_item, RequestItems=rest)
            yield from map(stored_item, answer["Responses"].get(self._name, ()))
            rest = answer.get("UnprocessedKeys")
            if not rest:
                return
            if pause is None:
                raise StoreUnavailable
            time.sleep(pause)

    def _tries(self) -> Iterator[float | None]:
        """How long to pause after each try that failed; None after the last."""
        for pause in self._pauses:
            yield pause * random.random()  # noqa: S311  spreads retries, keeps no secret
        yield None


def _unexpired(item: Item) -> Item | None:
    return None if item.expires_at is not None and item.expires_at <= _now() else item


def _now() -> int:
    return epoch_ms() // 1000
