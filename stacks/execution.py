"""What runs workflows: the step queue and its worker, and what their state machines need."""

from aws_cdk import Duration, aws_events, aws_events_targets
from constructs import Construct

from stacks.constructs.capability_stack import CapabilityStack
from stacks.constructs.function import Function
from stacks.constructs.layers import Layers
from stacks.constructs.machines import Machines
from stacks.constructs.queue import DeadLetters
from stacks.constructs.statuses import Statuses
from stacks.constructs.steps import StepQueues, make_abandoned_steps, make_worker
from stacks.data import DataStack
from stacks.events import EventsStack
from stacks.live import LiveStack
from stacks.settings import Settings

DAILY = Duration.days(1)


class ExecutionStack(CapabilityStack):
    """Queues, functions, and rules; state machines come and go with workflows."""

    def __init__(
        self,
        scope: Construct,
        *,
        settings: Settings,
        data: DataStack,
        events: EventsStack,
        live: LiveStack,
    ) -> None:
        super().__init__(scope, "execution", settings=settings, description="What runs workflows")
        layers = Layers(self, settings, vendors=True, traces=True)
        self.queues = StepQueues(self, settings)
        self.machines = Machines(self, settings, self.queues.steps)
        self.worker = make_worker(
            self,
            settings,
            layers=layers,
            queues=self.queues,
            machines=self.machines,
            storage=data.storage,
            socket=live.socket,
        )
        make_abandoned_steps(
            self,
            settings,
            layers=layers,
            queues=self.queues,
            machines=self.machines,
            storage=data.storage,
        )
        self.statuses = Statuses(
            self,
            settings,
            layers=layers,
            machines=self.machines,
            storage=data.storage,
            bus=events.bus,
        )
        self._collect_machines(settings, layers)

    def _collect_machines(self, settings: Settings, layers: Layers) -> None:
        """Once a day: state machines that nobody uses are deleted."""
        lost = DeadLetters(self, "Uncollected", name=f"{settings.prefix}-machine-collector-dead")
        collector = Function(
            self,
            "machine_collector",
            settings=settings,
            layers=layers.plain,
            description="Deletes state machines that nobody uses",
            environment=self.machines.variables,
            dead_letters=lost,
        )
        self.machines.allow_collecting(collector)
        aws_events.Rule(
            self,
            "Daily",
            rule_name=f"{settings.prefix}-machine-collector",
            schedule=aws_events.Schedule.rate(DAILY),
            targets=[aws_events_targets.LambdaFunction(collector.function, dead_letter_queue=lost)],
        )
