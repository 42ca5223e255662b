"""Telling clients what happens while it happens."""

from aws_cdk import Duration, aws_events, aws_events_targets
from constructs import Construct

from stacks.constructs.capability_stack import CapabilityStack
from stacks.constructs.event_source import SOURCE
from stacks.constructs.function import Function
from stacks.constructs.layers import Layers
from stacks.constructs.queue import DeadLetters
from stacks.constructs.web_socket import WebSocket
from stacks.data import DataStack
from stacks.events import EventsStack
from stacks.identity import IdentityStack
from stacks.settings import Settings

EVENT_AGE = Duration.minutes(5)
"""What happened longer ago, nobody watches any more."""
RETRIES = 2


class LiveStack(CapabilityStack):
    """The WebSocket API, and the way from the bus to those who are connected."""

    def __init__(
        self,
        scope: Construct,
        *,
        settings: Settings,
        data: DataStack,
        events: EventsStack,
        identity: IdentityStack,
    ) -> None:
        super().__init__(scope, "live", settings=settings, description="What happens, live")
        self.socket = WebSocket(self, settings)
        self.dead = DeadLetters(self, "Dead", name=f"{settings.prefix}-live-dead")
        function = Function(
            self,
            "live",
            settings=settings,
            layers=Layers(self, settings).plain,
            description="Connections, and what is told to them",
            environment={"PROMPTPILOT_TABLE": data.table.table_name, **self.socket.variables},
            dead_letters=self.dead,
        )
        data.storage.table.allow(function)
        self.socket.serve(function, identity.authorizer)
        self._tell(function, settings, events)
        self.output("LiveUrl", self.socket.url, "Where clients connect to be told what happens")

    def _tell(self, function: Function, settings: Settings, events: EventsStack) -> None:
        """Each event invokes the function. A queue between would be asked for messages all day,
        which is paid for, and tell clients later.
        """
        function.function.configure_async_invoke(max_event_age=EVENT_AGE, retry_attempts=RETRIES)
        aws_events.Rule(
            self,
            "Events",
            rule_name=f"{settings.prefix}-live",
            event_bus=events.bus,
            event_pattern=aws_events.EventPattern(source=[SOURCE]),
            targets=[
                aws_events_targets.LambdaFunction(
                    function.function, dead_letter_queue=self.dead, max_event_age=EVENT_AGE
                )
            ],
        )
