"""What DynamoDB and S3 answer on a bad day, in the product's words.

moto has no bad days, so these answers are canned; the requests are checked by botocore.
"""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.session import Session
from botocore.stub import Stubber

from promptpilot.adapters.aws.blobs import S3Blobs
from promptpilot.adapters.aws.dynamo_items import item_attributes, key_attributes
from promptpilot.adapters.aws.table import DynamoTable
from promptpilot.errors import ConditionFailed, NotFound, StoreUnavailable, TooLarge
from promptpilot.ports import Create, Delete, Key, Put
from tests.contract.items import item
from tests.contract.stores import REGION

DIGEST = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of b"abc"
ONE = [Put(item())]
TWO = [Put(item("a")), Create(item("b"))]


def client(service: str, **config: Any) -> Any:
    session = Session()
    session.set_credentials("testing", "testing")
    return session.create_client(service, REGION, config=Config(**config))


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
def test_a_network_that_fails_makes_the_store_out_of_reach(
    error: type[EndpointConnectionError | ReadTimeoutError],
) -> None:
    def fail(**_: Any) -> None:
        raise error(endpoint_url="https://dynamodb.example")

    without_retries = {"retries": {"total_max_attempts": 1, "mode": "standard"}}
    dynamodb, s3 = client("dynamodb", **without_retries), client("s3", **without_retries)
    for each in (dynamodb, s3):
        each.meta.events.register("before-send", fail)
    with pytest.raises(StoreUnavailable):
        DynamoTable(dynamodb, "items").get(Key("p", "s"))
    with pytest.raises(StoreUnavailable):
        S3Blobs(s3, "bucket").get("ws_1", DIGEST)


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


@pytest.mark.parametrize("code", ["AccessDenied", "SlowDown", "InternalError", "NoSuchBucket"])
def test_whatever_s3_refuses_is_out_of_reach(code: str) -> None:
    s3 = client("s3", retries={"total_max_attempts": 1})
    blobs = S3Blobs(s3, "bucket")
    with Stubber(s3) as answers:
        for method in ("put_object", "get_object", "delete_object"):
            answers.add_client_error(method, code)
        for call in (
            lambda: blobs.put("ws_1", b"abc"),
            lambda: blobs.get("ws_1", DIGEST),
            lambda: blobs.delete("ws_1", DIGEST),
        ):
            with pytest.raises(StoreUnavailable):
                call()


@pytest.mark.parametrize(
    ("body", "error"), [(b"abd", StoreUnavailable), (b"", StoreUnavailable), (None, NotFound)]
)
def test_what_s3_gives_is_what_was_stored_or_an_error(
    body: bytes | None, error: type[Exception]
) -> None:
    s3 = client("s3")
    with Stubber(s3) as answers:
        if body is None:
            answers.add_client_error("get_object", "NoSuchKey")
        else:
            answers.add_response("get_object", {"Body": StreamingBody(io.BytesIO(body), len(body))})
        with pytest.raises(error):
            S3Blobs(s3, "bucket").get("ws_1", DIGEST)


def test_an_answer_of_s3_that_breaks_off_makes_the_store_out_of_reach() -> None:
    s3 = client("s3")
    with Stubber(s3) as answers:
        answers.add_response("get_object", {"Body": StreamingBody(io.BytesIO(b"ab"), 3)})
        with pytest.raises(StoreUnavailable):
            S3Blobs(s3, "bucket").get("ws_1", DIGEST)
