"""Large inputs and outputs, by workspace and digest."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.bucket import PrivateBucket
from stacks.constructs.function import Function
from stacks.settings import Settings

KEYS = "A blob's key begins with its workspace, and workspaces come and go."


class Blobs(Construct):
    """The bucket, and another that says who read what in it."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "Blobs")
        accesses = PrivateBucket(self, "Accesses", settings=settings)
        accesses.add_lifecycle_rule(
            id="accesses", expiration=Duration.days(settings.retention.logs)
        )
        self.bucket = PrivateBucket(
            self,
            "Bucket",
            settings=settings,
            versioned=True,
            server_access_logs_bucket=accesses,
        )
        # Named, so that a reason can be given for what functions of other stacks may do with it.
        self._arn = Stack.of(self).export_value(
            self.bucket.bucket_arn, name=f"{settings.prefix}-blobs-arn"
        )
        self._grow_cheaper(settings)

    def allow(self, function: Function) -> None:
        """Let `function` put, get and list blobs.

        Without the right to list, S3 does not tell a missing blob from a forbidden one.
        """
        function.allow(["s3:ListBucket"], self._arn)
        function.allow(["s3:GetObject", "s3:PutObject"], f"{self._arn}/*", wildcard_because=KEYS)

    def _grow_cheaper(self, settings: Settings) -> None:
        kept = settings.retention
        self.bucket.add_lifecycle_rule(
            id="grow-cheaper",
            transitions=[
                s3.Transition(
                    storage_class=s3.StorageClass.INFREQUENT_ACCESS,
                    transition_after=Duration.days(kept.blobs_infrequent_after),
                ),
                s3.Transition(
                    storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
                    transition_after=Duration.days(kept.blobs_archive_after),
                ),
            ],
            noncurrent_version_expiration=Duration.days(kept.old_blobs),
            expired_object_delete_marker=True,
        )
