"""The table: everything but large values and credentials."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from stacks.constructs.function import Function
from stacks.settings import Settings

INDEXES = ("gsi1", "gsi2")
READ = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
WRITE = ("dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem")
"""A transaction needs the rights of its parts; it has none of its own."""


class Table(Construct):
    """One DynamoDB table, with the stream that the outbox is read from."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "Table")
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.DEFAULT,
            stream=dynamodb.StreamViewType.NEW_IMAGE,
            time_to_live_attribute="expires_at",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=settings.protected,
            removal_policy=RemovalPolicy.RETAIN if settings.protected else RemovalPolicy.DESTROY,
        )
        for index in INDEXES:
            self.table.add_global_secondary_index(
                index_name=index,
                partition_key=_text(f"{index}pk"),
                sort_key=_text(f"{index}sk"),
                projection_type=dynamodb.ProjectionType.ALL,
            )

    def allow(self, function: Function) -> None:
        """Let `function` read and write items, of any workspace: which one it is follows from the
        caller's membership, which is an item too.
        """
        function.allow([*READ, *WRITE], self.table.table_arn)
        function.allow(
            ["dynamodb:Query"], *(f"{self.table.table_arn}/index/{index}" for index in INDEXES)
        )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
