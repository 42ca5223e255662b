"""What a month costs in which nobody comes, from the templates alone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloud.bill import Item
from cloud.unit_prices import Prices

MONTH_MINUTES = 30 * 24 * 60
POLLS_A_MINUTE = 5 * 3
"""Of a queue that feeds a function: five pollers, each asking for 20 s (long polling),
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html. Nothing arrives, so nothing
is added to that.
"""
FREE_SQS = 1_000_000
FREE_ALARMS = 10
FREE_DASHBOARDS = 3
"""Free each month for every account, for ever; https://aws.amazon.com/free/."""
STORED_GB = 0.1
"""What lies there: a small team's prompts, workflows and records of executions."""
DAILY_RUNS = 30


def idle_month(templates: Sequence[Mapping[str, Any]], prices: Prices) -> list[Item]:
    """Item by item, before free tiers."""
    resources = [each for template in templates for each in template["Resources"].values()]
    return [item for item in _items(resources, prices) if item.count]


def free_of_charge(items: Sequence[Item]) -> float:
    """What the free tiers that never end take off, where nothing else in the account uses them."""
    free = {POLLS: FREE_SQS, ALARMS: FREE_ALARMS, DASHBOARDS: FREE_DASHBOARDS}
    return sum(min(each.count, free.get(each.name, 0)) * each.unit_price for each in items)


POLLS = "SQS: functions asking empty queues"
ALARMS = "CloudWatch: alarms, by the metrics they look at"
DASHBOARDS = "CloudWatch: dashboards"


def _items(resources: Sequence[Mapping[str, Any]], prices: Prices) -> Iterator[Item]:
    polled = sum(map(_is_polled_queue, resources))
    yield Item(POLLS, polled * POLLS_A_MINUTE * MONTH_MINUTES, prices.sqs_request)
    yield Item(ALARMS, sum(map(_alarm_metrics, resources)), prices.alarm_metric_month)
    for name, type_, price in (
        (DASHBOARDS, "AWS::CloudWatch::Dashboard", prices.dashboard_month),
        ("KMS: keys of our own", "AWS::KMS::Key", prices.key_month),
        ("Secrets Manager: secrets", "AWS::SecretsManager::Secret", prices.secret_month),
    ):
        yield Item(name, sum(each["Type"] == type_ for each in resources), price)
    tables = [each["Properties"] for each in resources if each["Type"] == "AWS::DynamoDB::Table"]
    copies = sum(1 + len(each.get("GlobalSecondaryIndexes", [])) for each in tables)
    backed_up = sum(map(_is_backed_up, tables))
    yield Item("DynamoDB: storage, GB", STORED_GB * copies, prices.dynamodb_gb_month)
    yield Item("DynamoDB: backups, GB", STORED_GB * backed_up, prices.dynamodb_backup_gb_month)
    yield Item("S3: blobs and web app, GB", STORED_GB, prices.s3_gb_month)
    yield Item("Lambda: the daily collector", DAILY_RUNS, prices.lambda_request)


def _is_polled_queue(resource: Mapping[str, Any]) -> bool:
    if resource["Type"] != "AWS::Lambda::EventSourceMapping":
        return False
    return "StartingPosition" not in resource["Properties"]  # which streams have; theirs is free


def _alarm_metrics(resource: Mapping[str, Any]) -> int:
    if resource["Type"] != "AWS::CloudWatch::Alarm":
        return 0
    metrics = resource["Properties"].get("Metrics")
    return 1 if metrics is None else sum("MetricStat" in each for each in metrics)


def _is_backed_up(table: Mapping[str, Any]) -> bool:
    told = table.get("PointInTimeRecoverySpecification", {})
    return bool(told.get("PointInTimeRecoveryEnabled"))
