"""How a deployment fares, and what it costs."""

from constructs import Construct

from stacks.api import ApiStack
from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.alarms import Alarms
from stacks.constructs.budget import make_budget
from stacks.constructs.capability_stack import CapabilityStack
from stacks.constructs.dashboard import make_dashboard
from stacks.constructs.function import function_name
from stacks.constructs.metrics import Metrics
from stacks.events import EventsStack
from stacks.execution import ExecutionStack
from stacks.settings import Settings


class ObservabilityStack(CapabilityStack):
    """Alarms, a budget, and a dashboard."""

    def __init__(
        self,
        scope: Construct,
        *,
        settings: Settings,
        api: ApiStack,
        events: EventsStack,
        execution: ExecutionStack,
    ) -> None:
        super().__init__(
            scope, "observability", settings=settings, description="Alarms and dashboard"
        )
        names = {each: function_name(settings, each) for each in settings.functions}
        metrics = Metrics(
            http=api.http.api,
            worker=names["step_worker"],
            outbox=names["outbox"],
            functions=names,
            steps=execution.queues.steps,
            abandoned=execution.queues.abandoned,
            dead={
                "steps": execution.queues.parked,
                "statuses": execution.statuses.dead,
                "unpublished": events.unpublished,
            },
            failures=execution.statuses.failures.rule_name,
        )
        topic = AlarmTopic(self, settings)
        alarms = Alarms(self, settings, metrics, topic)
        make_budget(self, settings, topic)
        if settings.dashboard:
            make_dashboard(self, settings, metrics, alarms.all)
        self.output("AlarmTopicArn", topic.topic_arn, "Subscribe to be told of alarms")
