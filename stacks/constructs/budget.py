"""A monthly budget, told about before it is spent."""

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.settings import Settings

SPENT_PERCENT = 80
FORECAST_PERCENT = 100


def make_budget(scope: Construct, settings: Settings, topic: sns.ITopic) -> budgets.CfnBudget:
    """Of the whole account, see `Settings.alarms`."""
    told = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)
    thresholds = {"ACTUAL": SPENT_PERCENT, "FORECASTED": FORECAST_PERCENT}
    return budgets.CfnBudget(
        scope,
        "Budget",
        budget=budgets.CfnBudget.BudgetDataProperty(
            budget_name=f"{settings.prefix}-monthly",
            budget_type="COST",
            time_unit="MONTHLY",
            budget_limit=budgets.CfnBudget.SpendProperty(
                amount=settings.alarms.monthly_budget_usd, unit="USD"
            ),
        ),
        notifications_with_subscribers=[
            budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    notification_type=kind,
                    comparison_operator="GREATER_THAN",
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                ),
                subscribers=[told],
            )
            for kind, percent in thresholds.items()
        ],
    )
