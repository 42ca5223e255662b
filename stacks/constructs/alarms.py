"""What is worth waking somebody for. Each alarm has a price, so there are few."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.constructs.metrics import Metrics
from stacks.settings import Settings


class Alarms(Construct):
    """Named after the deployment. `docs/operations.md` says what to do about each."""

    def __init__(
        self, scope: Construct, settings: Settings, metrics: Metrics, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, "Alarms")
        self._prefix = settings.prefix
        self._action = actions.SnsAction(topic)
        self.all: list[cloudwatch.Alarm] = []
        limits = settings.alarms
        self._alarm(
            "api-errors",
            metrics.api_error_percent(),
            limits.api_error_percent,
            "The API answers more requests with a 5xx than usual, in percent",
        )
        self._alarm(
            "api-slow",
            metrics.api_latency("p99"),
            limits.api_p99_ms,
            "One of a hundred requests takes longer than this, in milliseconds. Requests that wait "
            "for their execution count as well",
            periods=3,
        )
        self._alarm(
            "worker-errors",
            metrics.of_function("Errors", metrics.worker),
            3,
            "Invocations of the step worker fail as a whole: they crash or run out of time",
        )
        self._alarm(
            "steps-abandoned",
            metrics.abandoned_steps(),
            1,
            "Step jobs were tried too often, and their steps failed",
        )
        self._alarm(
            "dead-letters",
            metrics.dead_letters(),
            1,
            "Messages lie in queues of what could not be handled",
        )
        self._alarm(
            "outbox-late",
            metrics.of_function("IteratorAge", metrics.outbox, "Maximum"),
            limits.outbox_age_seconds * 1000,
            "Events are published later than this, in milliseconds",
            periods=2,
        )
        self._alarm(
            "throttled",
            metrics.throttles(),
            10,
            "Lambda refuses invocations: the account's concurrency is used up",
            periods=2,
        )
        self._alarm(
            "executions-failed",
            metrics.failed_executions(),
            limits.failed_executions,
            "Executions failed or timed out in fifteen minutes, whosever they are",
        )

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        description: str,
        *,
        periods: int = 1,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._prefix}-{name}",
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)
        self.all.append(alarm)
