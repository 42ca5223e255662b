"""Where alarms are told."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.settings import Settings

TELLING = ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")


class AlarmTopic(sns.Topic):
    """An SNS topic that CloudWatch and Budgets tell, and the address that it tells in turn.

    Not encrypted by a key: what is told is no secret, and CloudWatch cannot use the key that comes
    free of charge.
    """

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "Topic", topic_name=f"{settings.prefix}-alarms", enforce_ssl=True)
        account = Stack.of(self).account
        for service in TELLING:
            told_by = iam.ServicePrincipal(
                service, conditions={"StringEquals": {"aws:SourceAccount": account}}
            )
            self.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=service.split(".")[0].capitalize(),
                    actions=["sns:Publish"],
                    resources=[self.topic_arn],
                    principals=[told_by],
                )
            )
        if settings.alarms.email:
            self.add_subscription(subscriptions.EmailSubscription(settings.alarms.email))
