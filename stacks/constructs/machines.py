"""What the state machines of workflows share: one role, one log group, and a beginning of their
names. The machines themselves are made by the product, when a workflow is published.
"""

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge_wildcards
from stacks.constructs.function import Function
from stacks.constructs.log_retention import retention
from stacks.settings import Settings

LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
TRACING = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)
NO_RESOURCES = (
    "Step Functions sets up its logs and sends its traces by the machine's role, with actions of "
    "CloudWatch Logs and X-Ray that know no resources "
    "(docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html)."
)
ALL_MACHINES = "ListStateMachines lists the machines of the account; it knows no resource."
NAMES = "A state machine is named after the workflow version that it was made for."
EXECUTIONS = "An execution is named when it is started."

PUBLISH = (
    "states:CreateStateMachine",
    "states:UpdateStateMachine",
    "states:TagResource",
    "states:StartExecution",
)
RESUME = ("states:RedriveExecution", "states:DescribeExecution")
READ = ("states:DescribeExecution", "states:GetExecutionHistory")
COLLECT = ("states:DeleteStateMachine", "states:ListExecutions")
ANSWER = ("states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat")


class Machines(Construct):
    """The ways functions may deal with state machines, of this deployment alone."""

    def __init__(self, scope: Construct, settings: Settings, steps: sqs.IQueue) -> None:
        super().__init__(scope, "Machines")
        self.arn_prefix = self._named("stateMachine", f"{settings.prefix}-")
        self._machines = f"{self.arn_prefix}*"
        self._executions = self._named("execution", f"{settings.prefix}-*:*")
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            # Of groups named so, one policy of the account serves all; others fill it up.
            log_group_name=f"/aws/vendedlogs/states/{settings.prefix}",
            retention=retention(settings),
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = self._shared_role(steps)
        self._steps = steps

    @property
    def variables(self) -> dict[str, str]:
        """For functions that use the orchestrator."""
        return {
            "PROMPTPILOT_MACHINES": self.arn_prefix,
            "PROMPTPILOT_MACHINE_ROLE_ARN": self.role.role_arn,
            "PROMPTPILOT_MACHINE_LOG_GROUP_ARN": self.log_group.log_group_arn,
            "PROMPTPILOT_STEP_QUEUE_URL": self._steps.queue_url,
        }

    def allow_starting(self, function: Function) -> None:
        """Let `function` make machines, with the shared role and no other, and start them."""
        function.allow(PUBLISH, self._machines, wildcard_because=NAMES)
        function.role.add_to_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}},
            )
        )

    def allow_stopping(self, function: Function) -> None:
        """Let `function` stop executions."""
        function.allow(["states:StopExecution"], self._executions, wildcard_because=EXECUTIONS)

    def allow_resuming(self, function: Function) -> None:
        """Let `function` have executions that ended badly go on."""
        function.allow(RESUME, self._executions, wildcard_because=EXECUTIONS)

    def allow_reading(self, function: Function) -> None:
        """Let `function` read how executions ended, and at which state."""
        function.allow(READ, self._executions, wildcard_because=EXECUTIONS)

    def allow_answering(self, function: Function) -> None:
        """Let `function` answer for steps by their tokens."""
        function.allow(ANSWER, self._machines, wildcard_because=NAMES)

    def allow_collecting(self, function: Function) -> None:
        """Let `function` find and delete machines."""
        function.allow(
            ["states:ListStateMachines"],
            "*",
            wildcard_because=ALL_MACHINES,
        )
        function.allow(COLLECT, self._machines, wildcard_because=NAMES)

    def _named(self, resource: str, name: str) -> str:
        return Stack.of(self).format_arn(
            service="states",
            resource=resource,
            resource_name=name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _shared_role(self, steps: sqs.IQueue) -> iam.Role:
        account = Stack.of(self).account
        conditions = {
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": self._machines},
        }
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com", conditions=conditions),
            description="What a workflow may do: hand its steps to the queue",
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[steps.queue_arn])
        )
        role.add_to_policy(iam.PolicyStatement(actions=[*LOG_DELIVERY, *TRACING], resources=["*"]))
        acknowledge_wildcards(role, ["*"], NO_RESOURCES)
        return role
