"""What happens, told to whoever wants to know: the bus, and the outbox that feeds it."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_lambda_event_sources import SqsDlq
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.capability_stack import CapabilityStack
from stacks.constructs.event_source import SOURCE
from stacks.constructs.function import Function
from stacks.constructs.layers import Layers
from stacks.constructs.queue import DeadLetters
from stacks.constructs.schedules import Schedules
from stacks.data import DataStack
from stacks.settings import Settings

READ_STREAM = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)
END_OF_STREAM = "It is what a dead-letter queue is, of a stream: where failed batches are told."
NEW_OUTBOX_ITEM = {
    "eventName": lambda_.FilterRule.is_equal("INSERT"),
    "dynamodb": {"NewImage": {"kind": {"S": lambda_.FilterRule.is_equal("outbox")}}},
}


class EventsStack(CapabilityStack):
    """The bus, its archive, the relay from the table's stream, and schedules that fire on it."""

    def __init__(self, scope: Construct, *, settings: Settings, data: DataStack) -> None:
        super().__init__(scope, "events", settings=settings, description="The event bus")
        self.bus = events.EventBus(
            self, "Bus", event_bus_name=settings.prefix, description="Domain events"
        )
        self.bus.apply_removal_policy(RemovalPolicy.DESTROY)
        self.bus.archive(
            "Archive",
            archive_name=settings.prefix,
            description="Events to replay",
            event_pattern=events.EventPattern(source=[SOURCE]),
            retention=Duration.days(settings.retention.events),
        )
        self.schedules = Schedules(self, settings, self.bus)
        self.outbox = Function(
            self,
            "outbox",
            settings=settings,
            layers=Layers(self, settings).plain,
            description="From the table's stream to the event bus",
            environment={"PROMPTPILOT_EVENT_BUS": self.bus.event_bus_name},
        )
        self.outbox.allow(["events:PutEvents"], self.bus.event_bus_arn)
        self.unpublished = DeadLetters(
            self, "Unpublished", name=f"{settings.prefix}-outbox-unpublished"
        )
        acknowledge(self.unpublished, {"AwsSolutions-SQS3": END_OF_STREAM})
        self._relay(data)

    def _relay(self, data: DataStack) -> None:
        """New outbox items only, in order: one batch of a partition of the table at a time.

        What cannot be published for an hour or two is told to a queue, and the next ones have their
        turn; the outbox item itself stays in the table for a week.
        """
        stream = str(data.table.table_stream_arn)
        self.outbox.allow(READ_STREAM, stream)
        mapping = lambda_.EventSourceMapping(
            self.outbox,
            "Stream",
            target=self.outbox.function,
            event_source_arn=stream,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            filters=[lambda_.FilterCriteria.filter(NEW_OUTBOX_ITEM)],
            batch_size=100,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            parallelization_factor=10,
            max_record_age=Duration.hours(23),
            retry_attempts=100,
            on_failure=SqsDlq(self.unpublished),
        )
        mapping.node.add_dependency(self.outbox.role)
