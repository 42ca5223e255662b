"""What AWS asks for one of each thing. The only table of prices; everything else multiplies.

List prices in US dollars before tax and without free tiers, as known in early 2026 from the public
price pages named beside them. They were not looked up by a program: compare them before you rely
on a figure, and date the table anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass

AS_KNOWN_ON = "2026-01"


@dataclass(frozen=True)
class Prices:
    """Of one region. The unit is in each name."""

    state_transition: float
    """https://aws.amazon.com/step-functions/pricing/ (Standard)"""
    lambda_request: float
    lambda_gb_second: float
    """https://aws.amazon.com/lambda/pricing/ (arm64)"""
    sqs_request: float
    """https://aws.amazon.com/sqs/pricing/ (standard queues)"""
    dynamodb_write_unit: float
    dynamodb_read_unit: float
    dynamodb_gb_month: float
    dynamodb_backup_gb_month: float
    """https://aws.amazon.com/dynamodb/pricing/on-demand/ (the last: point-in-time recovery)"""
    http_api_request: float
    """https://aws.amazon.com/api-gateway/pricing/"""
    event: float
    archived_gb: float
    archive_gb_month: float
    """https://aws.amazon.com/eventbridge/pricing/ (custom events; AWS's own are free)"""
    logs_gb: float
    """https://aws.amazon.com/cloudwatch/pricing/ (ingestion)"""
    alarm_metric_month: float
    dashboard_month: float
    trace: float
    """https://aws.amazon.com/xray/pricing/ (recorded)"""
    s3_gb_month: float
    """https://aws.amazon.com/s3/pricing/"""
    key_month: float
    secret_month: float


US_EAST_1 = Prices(
    state_transition=0.025 / 1e3,
    lambda_request=0.20 / 1e6,
    lambda_gb_second=0.0000133334,
    sqs_request=0.40 / 1e6,
    dynamodb_write_unit=0.625 / 1e6,
    dynamodb_read_unit=0.125 / 1e6,
    dynamodb_gb_month=0.25,
    dynamodb_backup_gb_month=0.20,
    http_api_request=1.00 / 1e6,
    event=1.00 / 1e6,
    archived_gb=0.10,
    archive_gb_month=0.023,
    logs_gb=0.50,
    alarm_metric_month=0.10,
    dashboard_month=3.00,
    trace=5.00 / 1e6,
    s3_gb_month=0.023,
    key_month=1.00,
    secret_month=0.40,
)

EU_CENTRAL_1 = Prices(
    state_transition=0.025 / 1e3,
    lambda_request=0.20 / 1e6,
    lambda_gb_second=0.0000133334,
    sqs_request=0.40 / 1e6,
    dynamodb_write_unit=0.7625 / 1e6,
    dynamodb_read_unit=0.1525 / 1e6,
    dynamodb_gb_month=0.306,
    dynamodb_backup_gb_month=0.2448,
    http_api_request=1.11 / 1e6,
    event=1.00 / 1e6,
    archived_gb=0.12,
    archive_gb_month=0.026,
    logs_gb=0.63,
    alarm_metric_month=0.10,
    dashboard_month=3.00,
    trace=5.00 / 1e6,
    s3_gb_month=0.0245,
    key_month=1.00,
    secret_month=0.40,
)

REGIONS: Mapping[str, Prices] = {"us-east-1": US_EAST_1, "eu-central-1": EU_CENTRAL_1}
