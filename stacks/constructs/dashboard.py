"""One page on how a deployment fares."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.metrics import Metrics
from stacks.settings import Settings

FULL_WIDTH = 24
HALF = 12


def make_dashboard(
    scope: Construct,
    settings: Settings,
    metrics: Metrics,
    alarms: Sequence[cloudwatch.IAlarm],
) -> cloudwatch.Dashboard:
    """The alarms first; then the API, the functions, and what waits."""
    dashboard = cloudwatch.Dashboard(
        scope, "Dashboard", dashboard_name=settings.prefix, default_interval=Duration.hours(12)
    )
    dashboard.add_widgets(
        cloudwatch.AlarmStatusWidget(title="Alarms", alarms=alarms, width=FULL_WIDTH, height=3)
    )
    dashboard.add_widgets(
        _graph("API: requests and 5xx", metrics.api_requests(), metrics.api_errors()),
        _graph("API: ms", *(metrics.api_latency(each) for each in ("p50", "p90", "p99"))),
    )
    for title, metric, statistic in (
        ("Functions: invocations", "Invocations", "Sum"),
        ("Functions: errors", "Errors", "Sum"),
        ("Functions: ms, p90", "Duration", "p90"),
        ("Functions: at once", "ConcurrentExecutions", "Maximum"),
    ):
        shown = (metrics.of_function(metric, n, statistic) for n in metrics.functions.values())
        dashboard.add_widgets(_graph(title, *shown))
    dashboard.add_widgets(
        _graph(
            "Steps: waiting and abandoned",
            metrics.steps.metric_approximate_number_of_messages_visible(label="waiting"),
            metrics.abandoned_steps(),
        ),
        _graph("Executions that failed", metrics.failed_executions()),
    )
    return dashboard


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=HALF)
