"""What S3 keeps of a value, and what it answers on a bad day (canned, as moto has none)."""

import io
from contextlib import nullcontext

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from promptpilot.adapters.aws.blobs import S3Blobs
from promptpilot.errors import NotFound, StoreUnavailable
from tests.contract.aws_clients import client, cut_off_client
from tests.contract.stores import REGION, Aws

DIGEST = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of b"abc"


def test_the_same_value_adds_no_version_to_a_versioned_bucket(aws: Aws) -> None:
    aws.s3.create_bucket(
        Bucket="versioned", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    aws.s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    blobs = S3Blobs(aws.s3, "versioned")
    digests = [blobs.put("ws_1", b"same") for _ in range(3)]
    versions = aws.s3.list_object_versions(Bucket="versioned")["Versions"]
    assert [version["Key"] for version in versions] == [f"ws_1/{digests[0]}"]


@pytest.mark.parametrize("error", [EndpointConnectionError, ReadTimeoutError])
def test_a_network_that_fails_makes_the_bucket_out_of_reach(error: type[Exception]) -> None:
    with pytest.raises(StoreUnavailable):
        S3Blobs(cut_off_client("s3", error), "bucket").get("ws_1", DIGEST)


@pytest.mark.parametrize("code", ["AccessDenied", "SlowDown", "InternalError", "NoSuchBucket"])
def test_whatever_s3_refuses_is_out_of_reach(code: str) -> None:
    s3 = client("s3")
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
    ("codes", "stored"),
    [
        (["PreconditionFailed"], True),
        (["ConditionalRequestConflict", None], True),
        (["ConditionalRequestConflict", "SlowDown"], False),
    ],
)
def test_a_value_that_another_stores_at_the_same_time_is_stored(
    codes: list[str | None], stored: bool
) -> None:
    s3 = client("s3")
    with Stubber(s3) as answers:
        for code in codes:
            if code is None:
                answers.add_response("put_object", {})
            else:
                answers.add_client_error("put_object", code)
        with nullcontext() if stored else pytest.raises(StoreUnavailable):
            assert S3Blobs(s3, "bucket").put("ws_1", b"abc") == DIGEST
        answers.assert_no_pending_responses()


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
