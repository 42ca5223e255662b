"""One fresh store of every kind, behind the port that it serves."""

import itertools
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from moto import mock_aws

from embedded.blobs import FolderBlobs
from embedded.database import Database
from embedded.table import SqliteTable
from promptpilot.adapters.aws.blobs import S3Blobs
from promptpilot.adapters.aws.dynamo_items import table_definition
from promptpilot.adapters.aws.table import DynamoTable
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

REGION = "eu-central-1"
_numbers = itertools.count()


@dataclass(frozen=True)
class Aws:
    """Clients of an AWS that is made up in this process."""

    dynamodb: "DynamoDBClient"
    s3: "S3Client"


@contextmanager
def mocked_aws() -> Iterator[Aws]:
    with mock_aws():
        session = boto3.Session("testing", "testing", region_name=REGION)
        yield Aws(session.client("dynamodb"), session.client("s3"))


def new_dynamodb_table(client: "DynamoDBClient") -> str:
    """The name of a table that is empty."""
    name = f"table-{next(_numbers)}"
    client.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **table_definition())
    return name


@contextmanager
def sqlite_table(aws: Aws, folder: Path) -> Iterator[Table]:
    with closing(Database(folder / f"{next(_numbers)}.db")) as database:
        yield SqliteTable(database)


@contextmanager
def dynamo_table(aws: Aws, folder: Path) -> Iterator[Table]:
    yield DynamoTable(aws.dynamodb, new_dynamodb_table(aws.dynamodb))


def folder_blobs(aws: Aws, folder: Path) -> Blobs:
    return FolderBlobs(folder / "blobs")


def s3_blobs(aws: Aws, folder: Path) -> Blobs:
    bucket = f"bucket-{next(_numbers)}"
    aws.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return S3Blobs(aws.s3, bucket)


TABLES = {"sqlite": sqlite_table, "dynamodb": dynamo_table}
BLOBS = {"folder": folder_blobs, "s3": s3_blobs}
