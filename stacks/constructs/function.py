"""One of our Lambda functions: what all of them have in common."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge, acknowledge_wildcards
from stacks.constructs.code import functions_code
from stacks.constructs.log_retention import retention
from stacks.constructs.runtime import architecture, python
from stacks.settings import Settings

PYTHON = (
    "The layers' wheels are locked and tested for this Python, which Lambda maintains until 2029."
)
SNAP_START_WARNING = "Annotation::@aws-cdk/aws-lambda:snapStartRequirePublish"
NETWORK_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
"""What Lambda does in the function's name to put it into a VPC, as the managed policy
AWSLambdaVPCAccessExecutionRole allows it.
"""
INTERFACES = "Lambda requires the rights to network interfaces on all resources."
TRACING = "X-Ray's PutTraceSegments and PutTelemetryRecords know no resources."


def function_name(settings: Settings, name: str) -> str:
    """What the function of that folder is called on AWS."""
    return f"{settings.prefix}-{name.replace('_', '-')}"


class Function(Construct):
    """`functions/<name>/`, with a role and a log group of its own, and no right that is not given
    it by `allow`.

    `dead_letters` takes the events of a function that is invoked by and by, without an answer.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        settings: Settings,
        layers: Sequence[lambda_.ILayerVersion],
        description: str,
        environment: Mapping[str, str] | None = None,
        dead_letters: sqs.IQueue | None = None,
        snap_start: bool = False,
    ) -> None:
        super().__init__(scope, name)
        size = settings.functions[name]
        self.name = function_name(settings, name)
        self.timeout = Duration.seconds(size.timeout_seconds)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {self.name} may do",
        )
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{self.name}",
            retention=retention(settings),
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=self.name,
            description=description,
            runtime=python(settings),
            architecture=architecture(settings),
            code=functions_code(self, python=settings.python),
            handler=f"functions.{name}.entry.handler",
            layers=layers,
            memory_size=size.memory_mb,
            timeout=self.timeout,
            reserved_concurrent_executions=size.reserved_concurrency,
            environment=environment,
            log_group=log_group,
            role=self.role,
            tracing=lambda_.Tracing.ACTIVE,
            dead_letter_queue=dead_letters,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snap_start else None,
        )
        log_group.grant_write(self.role)
        acknowledge(self.function, {"AwsSolutions-L1": PYTHON})
        if snap_start:
            acknowledge(self.function, {SNAP_START_WARNING: "The alias publishes a version."})
        acknowledge_wildcards(self.role, ["*"], TRACING)
        self.target = self._snapshot() if snap_start else self.function

    def allow(
        self, actions: Sequence[str], *resources: str, wildcard_because: str | None = None
    ) -> None:
        """Give the function the right to `actions` on `resources`.

        A resource with a `*` needs a reason.
        """
        wildcards = [each for each in resources if "*" in each]
        if wildcards and wildcard_because is None:
            raise ValueError(f"{wildcards}: a wildcard needs a reason")
        self.role.add_to_policy(
            iam.PolicyStatement(actions=list(actions), resources=list(resources))
        )
        if wildcard_because is not None:
            acknowledge_wildcards(self.role, wildcards, wildcard_because)

    def join(self, subnets: Sequence[str], security_groups: Sequence[str]) -> None:
        """Run the function in subnets of a VPC, behind these security groups."""
        function = self.function.node.default_child
        assert isinstance(function, lambda_.CfnFunction)
        function.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
            subnet_ids=list(subnets), security_group_ids=list(security_groups)
        )
        self.allow(NETWORK_INTERFACES, "*", wildcard_because=INTERFACES)

    def _snapshot(self) -> lambda_.IFunction:
        """Lambda keeps snapshots of published versions only."""
        return lambda_.Alias(
            self, "Snapshot", alias_name="snapshot", version=self.function.current_version
        )
