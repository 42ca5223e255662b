"""What is stored is protected."""

from promptpilot.adapters.aws.dynamo_items import EXPIRY_ATTRIBUTE, table_definition
from tests.infra.templates import Deployment, Resource, listed, text

STATEFUL = (
    "AWS::DynamoDB::Table",
    "AWS::S3::Bucket",
    "AWS::Cognito::UserPool",
)


def test_the_table_is_the_one_that_the_adapter_expects(deployment: Deployment) -> None:
    properties = deployment.one("AWS::DynamoDB::Table", "data").properties

    assert {name: properties[name] for name in table_definition()} == table_definition()
    assert properties["TimeToLiveSpecification"] == {
        "AttributeName": EXPIRY_ATTRIBUTE,
        "Enabled": True,
    }


def test_the_table_is_paid_by_use_and_its_new_items_are_streamed(deployment: Deployment) -> None:
    properties = deployment.one("AWS::DynamoDB::Table", "data").properties

    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}


def test_the_table_can_be_restored_to_any_moment(deployment: Deployment) -> None:
    properties = deployment.one("AWS::DynamoDB::Table", "data").properties

    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


def test_nothing_stateful_of_prod_goes_with_its_stack(prod: Deployment) -> None:
    for kind in STATEFUL:
        for each in prod.all(kind):
            assert each.body["DeletionPolicy"] == "Retain", each
            assert each.body["UpdateReplacePolicy"] == "Retain", each


def test_the_table_and_the_users_of_prod_refuse_to_be_deleted(prod: Deployment) -> None:
    table = prod.one("AWS::DynamoDB::Table", "data")
    users = prod.one("AWS::Cognito::UserPool", "identity")

    assert table.properties["DeletionProtectionEnabled"] is True
    assert users.properties["DeletionProtection"] == "ACTIVE"


def test_dev_can_be_taken_down_whole(dev: Deployment) -> None:
    for kind in STATEFUL:
        for each in dev.all(kind):
            assert each.body["DeletionPolicy"] == "Delete", each


def test_no_bucket_can_be_made_public(deployment: Deployment) -> None:
    for bucket in deployment.all("AWS::S3::Bucket"):
        assert bucket.properties["PublicAccessBlockConfiguration"] == {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        }, bucket
        ownership = bucket.properties["OwnershipControls"]["Rules"]
        assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}], bucket


def test_every_bucket_is_encrypted(deployment: Deployment) -> None:
    for bucket in deployment.all("AWS::S3::Bucket"):
        assert "BucketEncryption" in bucket.properties, bucket


def test_every_bucket_is_reached_by_tls_alone_and_not_by_an_old_one(deployment: Deployment) -> None:
    for bucket in deployment.all("AWS::S3::Bucket"):
        denied = [
            statement["Condition"]
            for statement in _policy(deployment, bucket)
            if statement["Effect"] == "Deny"
            and statement["Action"] == "s3:*"
            and statement["Principal"] == {"AWS": "*"}
            and len(statement["Resource"]) == 2  # the bucket, and what is in it
        ]
        assert {"Bool": {"aws:SecureTransport": "false"}} in denied, bucket
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in denied, bucket


def test_blobs_have_versions_and_grow_cheaper(deployment: Deployment) -> None:
    (blobs,) = (
        each
        for each in deployment.all("AWS::S3::Bucket")
        if "LoggingConfiguration" in each.properties
    )
    rules = blobs.properties["LifecycleConfiguration"]["Rules"]
    classes = [step["StorageClass"] for rule in rules for step in rule.get("Transitions", ())]

    assert blobs.properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert classes == ["STANDARD_IA", "GLACIER_IR"]
    assert any("NoncurrentVersionExpiration" in rule for rule in rules)
    assert all("ExpirationInDays" not in rule for rule in rules)


def test_who_read_which_blob_is_logged(deployment: Deployment) -> None:
    functions = deployment.variables("api")["PROMPTPILOT_BLOBS_BUCKET"]
    (bucket,) = (each for each in deployment.all("AWS::S3::Bucket") if each.id in text(functions))

    assert "DestinationBucketName" in bucket.properties["LoggingConfiguration"]


def _policy(deployment: Deployment, bucket: Resource) -> list[dict[str, object]]:
    (policy,) = (
        each
        for each in deployment.all("AWS::S3::BucketPolicy")
        if each.stack == bucket.stack and each.properties["Bucket"] == {"Ref": bucket.id}
    )
    statements: list[dict[str, object]] = listed(policy.properties["PolicyDocument"]["Statement"])
    return statements
