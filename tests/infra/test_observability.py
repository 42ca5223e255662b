"""Somebody is told when something is wrong, and what is spent."""

from collections.abc import Iterator
from typing import Any

from tests.infra.conftest import EVERY_OPTION
from tests.infra.templates import FUNCTIONS, Deployment, Properties, Resource

ALARMS = {
    "api-errors",
    "api-slow",
    "dead-letters",
    "executions-failed",
    "outbox-late",
    "steps-abandoned",
    "throttled",
    "worker-errors",
}
FREE_ALARM_METRICS = 10
"""Of an account; CloudWatch asks $0.10 a month for each further one."""


def test_the_alarms_are_few_and_named(deployment: Deployment) -> None:
    names = {each.properties["AlarmName"] for each in deployment.all("AWS::CloudWatch::Alarm")}

    assert names == {f"promptpilot-{deployment.stage}-{name}" for name in ALARMS}


def test_the_alarms_cost_next_to_nothing(deployment: Deployment) -> None:
    metrics = [
        metric for alarm in deployment.all("AWS::CloudWatch::Alarm") for metric in _metrics(alarm)
    ]

    assert len(metrics) <= FREE_ALARM_METRICS + 1


def test_every_alarm_is_told_and_says_what_it_means(deployment: Deployment) -> None:
    topic = {"Ref": deployment.one("AWS::SNS::Topic", "observability").id}
    for alarm in deployment.all("AWS::CloudWatch::Alarm"):
        assert alarm.properties["AlarmActions"] == [topic], alarm
        assert alarm.properties["OKActions"] == [topic], alarm
        assert alarm.properties["AlarmDescription"], alarm
        assert alarm.properties["TreatMissingData"] == "notBreaching", alarm


def test_alarms_look_at_functions_that_there_are(deployment: Deployment) -> None:
    functions = {
        each.properties["FunctionName"] for each in deployment.all("AWS::Lambda::Function")
    }
    looked_at = {
        dimension["Value"]
        for alarm in deployment.all("AWS::CloudWatch::Alarm")
        for metric in _metrics(alarm)
        for dimension in metric.get("Dimensions", ())
        if dimension["Name"] == "FunctionName"
    }

    assert looked_at == {
        deployment.function(name).properties["FunctionName"] for name in ("step_worker", "outbox")
    }
    assert looked_at <= functions
    assert len(functions) == len(FUNCTIONS)


def test_failed_executions_are_counted_by_the_rule_that_sees_them(deployment: Deployment) -> None:
    (alarm,) = (
        each
        for each in deployment.all("AWS::CloudWatch::Alarm")
        if each.properties["AlarmName"].endswith("executions-failed")
    )
    (metric,) = _metrics(alarm)
    (dimension,) = metric["Dimensions"]

    assert metric["Namespace"] == "AWS/Events"
    assert dimension["Name"] == "RuleName"
    (rule,) = (
        each
        for each in deployment.all("AWS::Events::Rule")
        if each.id in str(dimension["Value"]).replace("ExportsOutputRef", "")
    )
    assert rule.properties["EventPattern"]["detail"]["status"] == ["FAILED", "TIMED_OUT"]


def test_the_topic_is_told_by_this_accounts_alarms_and_budgets_by_tls(
    deployment: Deployment,
) -> None:
    statements = [*_topic_policy(deployment)]
    allowed = {
        statement["Principal"]["Service"]: statement
        for statement in statements
        if statement["Effect"] == "Allow"
    }

    assert set(allowed) == {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
    for statement in allowed.values():
        assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [
        statement["Condition"] for statement in statements if statement["Effect"] == "Deny"
    ]


def test_an_address_is_told_where_one_is_given(dev: Deployment, prod: Deployment) -> None:
    subscription = prod.one("AWS::SNS::Subscription", "observability").properties

    assert subscription["Protocol"] == "email"
    assert subscription["Endpoint"] == EVERY_OPTION["alarms"]["email"]
    assert not [each for each in dev.resources() if each.body["Type"] == "AWS::SNS::Subscription"]


def test_the_budget_is_told_before_it_is_spent(deployment: Deployment) -> None:
    budget = deployment.one("AWS::Budgets::Budget", "observability").properties
    notifications = [
        each["Notification"]["NotificationType"] for each in budget["NotificationsWithSubscribers"]
    ]

    assert budget["Budget"]["BudgetLimit"] == {"Amount": 20, "Unit": "USD"}
    assert notifications == ["ACTUAL", "FORECASTED"]


def test_there_is_one_dashboard(deployment: Deployment) -> None:
    dashboards: list[Resource] = deployment.all("AWS::CloudWatch::Dashboard")

    assert [each.properties["DashboardName"] for each in dashboards] == [
        f"promptpilot-{deployment.stage}"
    ]


def _metrics(alarm: Resource) -> list[Properties]:
    """What the alarm looks at, and is paid for by."""
    return [
        metric["MetricStat"]["Metric"]
        for metric in alarm.properties["Metrics"]
        if "MetricStat" in metric
    ]


def _topic_policy(deployment: Deployment) -> Iterator[dict[str, Any]]:
    policy = deployment.one("AWS::SNS::TopicPolicy", "observability")
    yield from policy.properties["PolicyDocument"]["Statement"]
