"""What S3 keeps of a value."""

from tests.contract.stores import REGION, Aws

from promptpilot.adapters.aws.blobs import S3Blobs


def test_the_same_value_adds_no_version_to_a_versioned_bucket(aws: Aws) -> None:
    aws.s3.create_bucket(
        Bucket="versioned", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    aws.s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    blobs = S3Blobs(aws.s3, "versioned")
    digests = [blobs.put("ws_1", b"same") for _ in range(3)]
    versions = aws.s3.list_object_versions(Bucket="versioned")["Versions"]
    assert [version["Key"] for version in versions] == [f"ws_1/{digests[0]}"]
