"""S3 buckets: private, encrypted, by TLS 1.2 and newer only."""

from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.settings import Settings

ABANDONED_UPLOADS = Duration.days(7)


class PrivateBucket(s3.Bucket):
    """A bucket for nobody but the roles and services that are allowed in. Kept when its stack is
    deleted, where data is protected.
    """

    def __init__(self, scope: Construct, id: str, *, settings: Settings, **more: Any) -> None:
        super().__init__(
            scope,
            id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=RemovalPolicy.RETAIN if settings.protected else RemovalPolicy.DESTROY,
            **more,
        )
        self.add_lifecycle_rule(
            id="abandoned-uploads", abort_incomplete_multipart_upload_after=ABANDONED_UPLOADS
        )
