"""The figures that alarms and the dashboard look at. All of them come with the services, free of
charge; a metric of our own has a price.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

PERIOD = Duration.minutes(5)
FEWEST_REQUESTS = 20
"""Of so few requests, a rate of errors says nothing."""


@dataclass(frozen=True)
class Metrics:
    """Of one deployment."""

    http: apigateway.HttpApi
    worker: str
    """The name of the function; so are the next two."""
    outbox: str
    functions: Mapping[str, str]
    steps: sqs.IQueue
    abandoned: sqs.IQueue
    dead: Mapping[str, sqs.IQueue]
    failures: str
    """The name of the rule that sees every execution that ends badly."""

    def api_requests(self) -> cloudwatch.Metric:
        """Requests of the HTTP API."""
        return self.http.metric_count(period=PERIOD, statistic="Sum", label="requests")

    def api_errors(self) -> cloudwatch.Metric:
        """Those answered with a 5xx."""
        return self.http.metric_server_error(period=PERIOD, statistic="Sum", label="5xx")

    def api_error_percent(self) -> cloudwatch.MathExpression:
        """Which part that is."""
        return cloudwatch.MathExpression(
            expression=f"IF(requests >= {FEWEST_REQUESTS}, 100 * errors / requests, 0)",
            using_metrics={"requests": self.api_requests(), "errors": self.api_errors()},
            period=PERIOD,
            label="5xx, %",
        )

    def api_latency(self, statistic: str) -> cloudwatch.Metric:
        """In milliseconds, as clients see it."""
        return self.http.metric_latency(period=PERIOD, statistic=statistic, label=statistic)

    def of_function(self, metric: str, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """One of Lambda's metrics of the function of that name."""
        return cloudwatch.Metric(
            namespace="AWS/Lambda",
            metric_name=metric,
            dimensions_map={"FunctionName": name},
            statistic=statistic,
            period=PERIOD,
            label=name,
        )

    def throttles(self) -> cloudwatch.Metric:
        """Of all functions of the account, which share its limit."""
        return cloudwatch.Metric(
            namespace="AWS/Lambda",
            metric_name="Throttles",
            statistic="Sum",
            period=PERIOD,
            label="throttles",
        )

    def abandoned_steps(self) -> cloudwatch.Metric:
        """Step jobs that were tried too often."""
        return self.abandoned.metric_number_of_messages_received(
            period=PERIOD, statistic="Sum", label="abandoned"
        )

    def dead_letters(self) -> cloudwatch.MathExpression:
        """Messages that nobody could handle, in all queues that are for people to look at."""
        waiting = {
            name: queue.metric_approximate_number_of_messages_visible(
                period=PERIOD, statistic="Maximum"
            )
            for name, queue in self.dead.items()
        }
        return cloudwatch.MathExpression(
            expression=" + ".join(f"FILL({name}, 0)" for name in waiting),
            using_metrics=waiting,
            period=PERIOD,
            label="dead letters",
        )

    def failed_executions(self) -> cloudwatch.Metric:
        """Executions that failed or timed out. Step Functions counts them by state machine only, of
        which there is one a workflow version; the rule that sees them all counts as well.
        """
        return cloudwatch.Metric(
            namespace="AWS/Events",
            metric_name="Invocations",
            dimensions_map={"RuleName": self.failures},
            statistic="Sum",
            period=Duration.minutes(15),
            label="failed executions",
        )
