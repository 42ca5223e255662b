"""What DynamoDB answers on a bad day, in the product's words.

moto has no bad days, so these answers are canned; botocore checks that they are well-formed.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from promptpilot.adapters.aws.dynamo_items import item_attributes, key_attributes
from promptpilot.adapters.aws.table import DynamoTable
from promptpilot.errors import ConditionFailed, StoreUnavailable, TooLarge
from promptpilot.ports.table import Create, Delete, Index, Key, Put
from tests.contract.aws_clients import client, cut_off_client
from tests.contract.items import item

ONE = [Put(item())]
TWO = [Put(item("a")), Create(item("b"))]


@pytest.fixture
def dynamodb() -> Any:
    return client("dynamodb")


@pytest.fixture
def answers(dynamodb: Any) -> Iterator[Stubber]:
    with Stubber(dynamodb) as stubber:
        yield stubber


@pytest.fixture
def table(dynamodb: Any) -> DynamoTable:
    return DynamoTable(dynamodb, "items", pauses=(0, 0))


def cancelled(answers: Stubber, *reasons: str, message: str = "") -> None:
    answers.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={
            "CancellationReasons": [{"Code": code, "Message": message} for code in reasons]
        },
    )


def test_a_transaction_that_meets_another_is_made_again(
    table: DynamoTable, answers: Stubber
) -> None:
    cancelled(answers, "None", "TransactionConflict")
    answers.add_response("transact_write_items", {})
    table.write(TWO)
    answers.assert_no_pending_responses()


def test_a_write_that_meets_a_transaction_is_made_again(
    table: DynamoTable, answers: Stubber
) -> None:
    answers.add_client_error("put_item", "TransactionConflictException")
    answers.add_response("put_item", {})
    table.write(ONE)
    answers.assert_no_pending_responses()


def test_a_transaction_that_meets_others_for_too_long_is_given_up(
    table: DynamoTable, answers: Stubber
) -> None:
    for _ in range(3):
        cancelled(answers, "TransactionConflict", "None")
    with pytest.raises(StoreUnavailable):
        table.write(TWO)
    answers.assert_no_pending_responses()


def test_a_condition_that_fails_says_more_than_a_conflict_beside_it(
    table: DynamoTable, answers: Stubber
) -> None:
    cancelled(answers, "TransactionConflict", "ConditionalCheckFailed")
    with pytest.raises(ConditionFailed) as refused:
        table.write(TWO)
    assert refused.value.operation == 1


@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_throttled_transaction_is_given_up(
    table: DynamoTable, answers: Stubber, reason: str
) -> None:
    cancelled(answers, "None", reason)
    with pytest.raises(StoreUnavailable):
        table.write(TWO)


def test_an_item_that_dynamodb_finds_too_large_is_too_large(
    table: DynamoTable, answers: Stubber
) -> None:
    message = "Item size has exceeded the maximum allowed size"
    answers.add_client_error("put_item", "ValidationException", message)
    cancelled(answers, "None", "ValidationError", message=message)
    for operations in (ONE, TWO):
        with pytest.raises(TooLarge):
            table.write(operations)


def test_a_request_that_is_wrong_in_itself_is_a_mistake(
    table: DynamoTable, answers: Stubber
) -> None:
    answers.add_client_error("put_item", "ValidationException", "Invalid ConditionExpression")
    cancelled(answers, "ValidationError", "None", message="Type mismatch")
    with pytest.raises(ValueError, match="Invalid ConditionExpression"):
        table.write(ONE)
    with pytest.raises(ValueError, match="Type mismatch"):
        table.write(TWO)


@pytest.mark.parametrize(
    "code",
    [
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "InternalServerError",
        "AccessDeniedException",
        "ResourceNotFoundException",
    ],
)
def test_whatever_else_dynamodb_refuses_is_out_of_reach(
    table: DynamoTable, answers: Stubber, code: str
) -> None:
    for method in ("get_item", "batch_get_item", "query", "put_item", "delete_item"):
        answers.add_client_error(method, code)
    key = Key("p", "s")
    for call in (
        lambda: table.get(key),
        lambda: table.get_many([key]),
        lambda: table.query("p"),
        lambda: table.write(ONE),
        lambda: table.write([Delete(key)]),
    ):
        with pytest.raises(StoreUnavailable):
            call()
    answers.assert_no_pending_responses()


@pytest.mark.parametrize("error", [EndpointConnectionError, ReadTimeoutError])
def test_a_network_that_fails_makes_the_table_out_of_reach(error: type[Exception]) -> None:
    table = DynamoTable(cut_off_client("dynamodb", error), "items")
    for call in (lambda: table.get(Key("p", "s")), lambda: table.write(TWO)):
        with pytest.raises(StoreUnavailable):
            call()


def test_what_a_batch_leaves_out_is_asked_for_again(table: DynamoTable, answers: Stubber) -> None:
    first, second = item("1"), item("2")

    def request(*keys: Key) -> dict[str, Any]:
        return {"items": {"Keys": [key_attributes(key) for key in keys], "ConsistentRead": True}}

    answers.add_response(
        "batch_get_item",
        {
            "Responses": {"items": [item_attributes(first)]},
            "UnprocessedKeys": request(second.key),
        },
    )
    answers.add_response(
        "batch_get_item",
        {"Responses": {"items": [item_attributes(second)]}},
        {"RequestItems": request(second.key)},
    )
    assert table.get_many([second.key, first.key]) == [second, first]
    answers.assert_no_pending_responses()


def test_a_batch_that_is_never_complete_is_given_up(table: DynamoTable, answers: Stubber) -> None:
    rest = {"items": {"Keys": [key_attributes(Key("p", "s"))]}}
    for _ in range(3):
        answers.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": rest})
    with pytest.raises(StoreUnavailable):
        table.get_many([Key("p", "s")])
    answers.assert_no_pending_responses()


@pytest.mark.parametrize("descending", [False, True])
def test_items_of_equal_index_keys_are_put_in_order_however_dynamodb_gives_them(
    table: DynamoTable, answers: Stubber, descending: bool
) -> None:
    """moto orders them by primary key; DynamoDB makes no such promise."""
    before, *equal, after = (
        item(sort, gsi1=Key("g", place))
        for sort, place in (("9", "1"), ("3", "2"), ("1", "2"), ("4", "2"), ("2", "2"), ("0", "3"))
    )
    stored = [after, *equal, before] if descending else [before, *equal, after]
    last = {"LastEvaluatedKey": key_attributes(stored[2].key)}
    for answer in (stored, stored[1:]):  # the second page is asked for from place 2 on
        for part, more in ((answer[:3], last), (answer[3:], {})):
            answers.add_response(
                "query", {"Items": [item_attributes(each) for each in part]} | more
            )
    page = table.query("g", index=Index.GSI1, limit=3, descending=descending)
    rest = table.query("g", index=Index.GSI1, after=page.next, descending=descending)
    order = ["9", "1", "2", "3", "4", "0"]
    found = [each.key.sort for each in page.items + rest.items]
    assert found == (order[::-1] if descending else order)
