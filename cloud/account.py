"""The emulator's one account: its clients, and what `cdk bootstrap` makes in a real one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from cloud.emulator import ACCOUNT, REGION

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

QUALIFIER = "hnb659fds"
BOOTSTRAP_BUCKET = f"cdk-{QUALIFIER}-assets-{ACCOUNT}-{REGION}"
BOOTSTRAP_VERSION = f"/cdk-bootstrap/{QUALIFIER}/version"
CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"total_max_attempts": 1},
    s3={"addressing_style": "path"},
)


@dataclass(frozen=True)
class Account:
    """Makes clients of the emulator at `url` with the rights of the account's owner."""

    url: str

    def client(self, service: Any) -> Any:
        """A boto3 client of `service`."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="emulated",  # noqa: S106  nobody checks it
            config=CONFIG,
        )

    @property
    def s3(self) -> "S3Client":
        """Of S3."""
        client: S3Client = self.client("s3")
        return client

    @property
    def cloudformation(self) -> "CloudFormationClient":
        """Of CloudFormation."""
        client: CloudFormationClient = self.client("cloudformation")
        return client


def bootstrap(account: Account) -> None:
    """The bucket for assets, and the version that every template asks for."""
    account.s3.create_bucket(Bucket=BOOTSTRAP_BUCKET)
    account.client("ssm").put_parameter(
        Name=BOOTSTRAP_VERSION, Value="30", Type="String", Overwrite=True
    )
