"""How executions' changes of status come back into their records."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from stacks.constructs import traces
from stacks.constructs.event_source import SOURCE
from stacks.constructs.function import Function
from stacks.constructs.layers import Layers
from stacks.constructs.machines import Machines
from stacks.constructs.queue import DeadLetters, WorkQueue
from stacks.constructs.queue_consumer import consume
from stacks.constructs.storage import Storage
from stacks.settings import Settings

DETAIL_TYPE = "Step Functions Execution Status Change"
OWN_EVENTS = (
    "execution.queued",
    "execution.admitted",
    "execution.cancel_requested",
    "execution.resumed",
    "workspace.limits.changed",
    "workflow.unsuspended",
    "workflow.cancelling",
    "approval.decided",
)
"""Those of the product that the function reacts to; `functions.execution_events` says the same."""
ENDED_BADLY = ("FAILED", "TIMED_OUT")
OTHERWISE = ("RUNNING", "SUCCEEDED", "ABORTED")
EVENT_AGE = Duration.hours(24)
RECEIVES = 100
"""A start that Step Functions puts off comes back every two minutes, for some three hours."""


class Statuses(Construct):
    """Step Functions' events and the product's own about executions, by way of a queue."""

    def __init__(
        self,
        scope: Construct,
        settings: Settings,
        *,
        layers: Layers,
        machines: Machines,
        storage: Storage,
        bus: events.IEventBus,
    ) -> None:
        super().__init__(scope, "Statuses")
        name = f"{settings.prefix}-execution-events"
        timeout = Duration.seconds(settings.functions["execution_events"].timeout_seconds)
        self.dead = DeadLetters(self, "Dead", name=f"{name}-dead")
        self.queue = WorkQueue(
            self, "Queue", name=name, timeout=timeout, dead=self.dead, receives=RECEIVES
        )
        self.function = Function(
            self,
            "execution_events",
            settings=settings,
            layers=layers.traced,
            description="Writes the statuses of executions",
            environment={
                **storage.variables,
                **machines.variables,
                **traces.variables(settings),
            },
        )
        storage.allow(self.function)
        traces.allow_sending(self.function, settings)
        machines.allow_starting(self.function)
        machines.allow_reading(self.function)
        machines.allow_stopping(self.function)
        machines.allow_resuming(self.function)
        machines.allow_answering(self.function)
        consume(self.function, self.queue)
        self.failures = self._rule(settings, "failed", self._changes(machines, ENDED_BADLY))
        self._rule(settings, "changed", self._changes(machines, OTHERWISE))
        self._rule(
            settings,
            "queued",
            events.EventPattern(source=[SOURCE], detail_type=[*OWN_EVENTS]),
            bus,
        )

    def _changes(self, machines: Machines, statuses: tuple[str, ...]) -> events.EventPattern:
        """Two rules share the statuses, so that the failures of one count them: for nothing, where
        a metric of our own has a price.
        """
        return events.EventPattern(
            account=[Stack.of(self).account],
            source=["aws.states"],
            detail_type=[DETAIL_TYPE],
            detail={
                "status": list(statuses),
                "stateMachineArn": events.Match.prefix(machines.arn_prefix),
            },
        )

    def _rule(
        self,
        settings: Settings,
        name: str,
        pattern: events.EventPattern,
        bus: events.IEventBus | None = None,
    ) -> events.Rule:
        return events.Rule(
            self,
            name.capitalize(),
            rule_name=f"{settings.prefix}-executions-{name}",
            event_bus=bus,
            event_pattern=pattern,
            targets=[
                targets.SqsQueue(self.queue, dead_letter_queue=self.dead, max_event_age=EVENT_AGE)
            ],
        )
