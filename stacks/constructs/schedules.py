"""Where schedules live, and the role by which they fire events on the bus."""

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from stacks.constructs.function import Function
from stacks.settings import Settings

CHANGE = ("scheduler:CreateSchedule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule")
NAMES = "Schedules of the deployment's own group; users name them as they come."


class Schedules(Construct):
    """A group of EventBridge Scheduler."""

    def __init__(self, scope: Construct, settings: Settings, bus: events.EventBus) -> None:
        super().__init__(scope, "Schedules")
        stack = Stack.of(self)
        self._name = settings.prefix
        self._bus = bus
        group = scheduler.CfnScheduleGroup(self, "Group", name=self._name)
        conditions = {
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnEquals": {"aws:SourceArn": group.attr_arn},
        }
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions=conditions),
            description="What schedules may do: put events on the bus",
        )
        self.role.add_to_policy(
            iam.PolicyStatement(actions=["events:PutEvents"], resources=[bus.event_bus_arn])
        )
        self._schedules = stack.format_arn(
            service="scheduler", resource="schedule", resource_name=f"{self._name}/*"
        )

    @property
    def variables(self) -> dict[str, str]:
        """For the function that makes schedules."""
        return {
            "PROMPTPILOT_SCHEDULE_GROUP": self._name,
            "PROMPTPILOT_SCHEDULER_ROLE_ARN": self.role.role_arn,
            "PROMPTPILOT_EVENT_BUS_ARN": self._bus.event_bus_arn,
        }

    def allow(self, function: Function) -> None:
        """Let `function` make, change and delete schedules."""
        function.allow(CHANGE, self._schedules, wildcard_because=NAMES)
        function.allow(["iam:PassRole"], self.role.role_arn)
