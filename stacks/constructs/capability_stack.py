"""What all stacks of a deployment have in common."""

from typing import Any

from aws_cdk import CfnOutput, Environment, Stack
from constructs import Construct

from stacks.settings import Settings


class CapabilityStack(Stack):
    """A stack named after its capability, where the settings say."""

    def __init__(
        self, scope: Construct, capability: str, *, settings: Settings, description: str
    ) -> None:
        super().__init__(
            scope,
            capability,
            stack_name=f"{settings.prefix}-{capability}",
            description=description,
            env=Environment(account=settings.account, region=settings.region),
            termination_protection=settings.protected,
        )

    def output(self, name: str, value: str, description: str) -> None:
        """Tell operators and the deploy script a value, under `name`."""
        CfnOutput(self, name, value=value, description=description)

    def arn(self, service: str, resource: str, **more: Any) -> str:
        """The ARN of a resource here, in this account and region: `resource` is its last part."""
        return self.format_arn(service=service, resource=resource, **more)
