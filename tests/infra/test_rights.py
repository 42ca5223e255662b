"""No role may do more than its reason says."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.infra.conftest import EVERY_OPTION
from tests.infra.templates import FUNCTIONS, Deployment, Resource, listed, ports_of, texts

CALL_BEDROCK = {"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"}
JOIN_A_NETWORK = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
NO_RESOURCES = {
    # These actions know no resources; who needs them is told where they are given.
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "states:ListStateMachines",
    *JOIN_A_NETWORK,
}
"""Allowed on `*`."""

WITHIN: Mapping[str, str] = {
    "s3:GetObject": "-blobs-arn>/*",
    "s3:PutObject": "-blobs-arn>/*",
    "ssm:GetParameter": ":parameter/promptpilot/{stage}/*",
    "ssm:PutParameter": ":parameter/promptpilot/{stage}/ws_*/models/*",
    "ssm:DeleteParameter": ":parameter/promptpilot/{stage}/ws_*/models/*",
    "states:": "-{stage}-*",
    "execute-api:ManageConnections": "/live/*/@connections/*",
    "bedrock:": "anthropic.claude-*",
}
"""Where a `*` may stand besides: by the beginning of the action, the end of the resource, or what
an execution's name follows."""

USED_BY = {
    "bedrock:": "models",
    "cognito-idp:": "identity",
    "dynamodb:": "table",
    "s3:": "blobs",
    "ssm:": "secrets",
    "states:": "orchestrator",
    "events:PutEvents": "event_bus",
    "execute-api:ManageConnections": "live",
    "scheduler:": "scheduler",
}
EVERYBODYS = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
}
READ_STREAM = {
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
}
TABLE = {
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
}
KEYS = "ws_*/models/*"
"""The parameters that hold the keys of workspaces, below the deployment's prefix."""
BLOBS = {"s3:GetObject", "s3:ListBucket", "s3:PutObject"}
CONSUME = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
START = {
    "iam:PassRole",
    "states:CreateStateMachine",
    "states:StartExecution",
    "states:TagResource",
    "states:UpdateStateMachine",
}
RESUME = {"states:DescribeExecution", "states:RedriveExecution"}
ANSWER = {"states:SendTaskFailure", "states:SendTaskHeartbeat", "states:SendTaskSuccess"}

EXPECTED = {
    "api": TABLE
    | BLOBS
    | START
    | RESUME
    | ANSWER
    | {
        "cognito-idp:AdminUserGlobalSignOut",
        "sqs:SendMessage",
        "ssm:DeleteParameter",
        "ssm:GetParameter",
        "ssm:PutParameter",
        "states:GetExecutionHistory",
        "states:StopExecution",
    },
    "authorizer": set(),
    "step_worker": TABLE
    | BLOBS
    | ANSWER
    | START
    | RESUME
    | CONSUME
    | {
        "execute-api:ManageConnections",
        "sqs:ChangeMessageVisibility",
        "ssm:DeleteParameter",
        "ssm:GetParameter",
        "ssm:PutParameter",
        "states:StopExecution",
    },
    "abandoned_steps": TABLE | BLOBS | ANSWER | CONSUME,
    "execution_events": TABLE
    | BLOBS
    | START
    | RESUME
    | ANSWER
    | CONSUME
    | {"states:GetExecutionHistory", "states:StopExecution"},
    "machine_collector": {
        "states:DeleteStateMachine",
        "states:ListExecutions",
        "states:ListStateMachines",
        "sqs:SendMessage",
    },
    "outbox": READ_STREAM
    | {"events:PutEvents", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"},
    "live": TABLE | {"execute-api:ManageConnections", "sqs:SendMessage"},
}

CHOSEN = {
    ("prod", "execution_events"): {"ssm:GetParameter"},  # the headers of the collector of traces
    ("prod", "step_worker"): {
        *CALL_BEDROCK,
        *JOIN_A_NETWORK,
    },
}
"""By the settings of a stage, beside those."""


def test_every_function_has_the_rights_of_its_work_and_no_others(deployment: Deployment) -> None:
    for name in FUNCTIONS:
        chosen = CHOSEN.get((deployment.stage, name), set())
        assert set(deployment.rights(name)) - EVERYBODYS == EXPECTED[name] | chosen, name


def test_the_worker_may_call_those_models_of_bedrock_that_the_settings_name(
    prod: Deployment,
) -> None:
    rights = prod.rights("step_worker")
    for action in CALL_BEDROCK:
        assert rights[action] == set(EVERY_OPTION["bedrock"])


def test_who_answers_users_can_set_the_keys_of_workspaces_and_read_none(
    deployment: Deployment,
) -> None:
    rights, stage = deployment.rights("api"), deployment.stage
    headers = {"platform/otlp-headers"} if stage == "prod" else set()
    assert _secrets(rights, "ssm:GetParameter", stage) == {"platform/cursor-key", *headers}
    assert _secrets(rights, "ssm:PutParameter", stage) == {"platform/cursor-key", KEYS}
    assert _secrets(rights, "ssm:DeleteParameter", stage) == {KEYS}


def test_the_worker_reads_every_key_and_sets_and_deletes_those_of_workspaces_alone(
    deployment: Deployment,
) -> None:
    rights, stage = deployment.rights("step_worker"), deployment.stage
    assert _secrets(rights, "ssm:GetParameter", stage) == {"*"}
    for action in ("ssm:PutParameter", "ssm:DeleteParameter"):
        assert _secrets(rights, action, stage) == {KEYS}


def test_who_sends_traces_reads_the_headers_of_the_collector_and_no_other_secret_for_it(
    dev: Deployment, prod: Deployment
) -> None:
    rights = prod.rights("execution_events")
    assert _secrets(rights, "ssm:GetParameter", "prod") == {"platform/otlp-headers"}
    assert "ssm:GetParameter" not in dev.rights("execution_events")


def test_functions_use_the_one_table_and_its_indexes_alone(deployment: Deployment) -> None:
    tables = {
        resource.partition("/index/")[0]
        for name in FUNCTIONS
        for action, resources in deployment.rights(name).items()
        if action in TABLE
        for resource in resources
    }
    assert len(tables) == 1


def test_live_pushes_go_to_the_connections_of_the_one_stage(deployment: Deployment) -> None:
    for name in ("live", "step_worker"):
        (connections,) = deployment.rights(name)["execute-api:ManageConnections"]
        assert connections.endswith("/live/*/@connections/*"), name


def test_no_right_is_for_a_port_that_the_function_does_not_use(deployment: Deployment) -> None:
    for name in FUNCTIONS:
        used = ports_of(name) | (
            {"secrets"} if {"models", "cursor_key"} & ports_of(name) else set()
        )
        headers = {"ssm:GetParameter"} & CHOSEN.get((deployment.stage, name), set())
        for action in set(deployment.rights(name)) - READ_STREAM - headers:
            ports = {port for start, port in USED_BY.items() if action.startswith(start)}
            assert ports <= used, (name, action)


def test_no_action_of_a_role_is_a_wildcard(deployment: Deployment) -> None:
    for policy, statement in deployment.statements():
        for action in listed(statement["Action"]):
            assert "*" not in action, policy


def test_a_resource_is_a_wildcard_only_where_there_is_a_reason(deployment: Deployment) -> None:
    for policy, statement in deployment.statements():
        for action in listed(statement["Action"]):
            for resource in texts(statement["Resource"]):
                if resource == "*":
                    assert action in NO_RESOURCES, (policy, action)
                elif "*" in resource:
                    assert _within(action, resource, deployment.stage), (policy, action, resource)


def test_roles_have_no_managed_policies_which_are_for_all_of_an_account(
    deployment: Deployment,
) -> None:
    for role in deployment.all("AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in role.properties, role


def test_functions_write_to_their_own_logs_alone(deployment: Deployment) -> None:
    for name in FUNCTIONS:
        function = deployment.function(name)
        group = function.properties["LoggingConfig"]["LogGroup"]["Ref"]
        assert deployment.rights(name)["logs:PutLogEvents"] == {f"<{group}.Arn>"}


def test_a_role_is_passed_to_step_functions_alone_and_is_the_shared_one(
    deployment: Deployment,
) -> None:
    machines = _role_of(deployment, "states.amazonaws.com")
    passing = [
        (policy, statement)
        for policy, statement in deployment.statements()
        if "iam:PassRole" in listed(statement["Action"])
    ]

    assert passing
    for policy, statement in passing:
        assert listed(statement["Action"]) == ["iam:PassRole"]
        (resource,) = texts(statement["Resource"])
        assert machines.id in resource, policy
        assert statement["Condition"] == {
            "StringEquals": {"iam:PassedToService": "states.amazonaws.com"}
        }


def test_state_machines_may_hand_steps_to_the_queue_and_log(deployment: Deployment) -> None:
    role = _role_of(deployment, "states.amazonaws.com")
    rights = {
        action: texts(statement["Resource"])
        for _, statement in deployment.statements(role)
        for action in listed(statement["Action"])
    }
    (queue,) = rights.pop("sqs:SendMessage")

    resources = deployment.templates[role.stack]["Resources"]
    name = resources[queue.strip("<>").partition(".")[0]]["Properties"]["QueueName"]
    assert name == f"promptpilot-{deployment.stage}-steps"
    assert set(rights) <= NO_RESOURCES - {"states:ListStateMachines"}


def test_a_service_takes_a_role_for_this_deployment_alone(deployment: Deployment) -> None:
    for service in ("states.amazonaws.com", "scheduler.amazonaws.com"):
        (statement,) = _trust(_role_of(deployment, service))
        assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]
        (sources,) = (
            value["aws:SourceArn"]
            for value in statement["Condition"].values()
            if "aws:SourceArn" in value
        )
        assert texts(sources) != ["*"]


def test_roles_are_for_services_not_for_people(deployment: Deployment) -> None:
    for role in deployment.all("AWS::IAM::Role"):
        for statement in _trust(role):
            assert statement["Action"] == "sts:AssumeRole"
            assert set(statement["Principal"]) == {"Service"}, role


def test_only_services_of_a_named_resource_may_invoke_a_function(deployment: Deployment) -> None:
    for permission in deployment.all("AWS::Lambda::Permission"):
        assert permission.properties["Principal"].endswith(".amazonaws.com"), permission
        assert permission.properties["SourceArn"] != "*", permission


def _secrets(rights: Mapping[str, set[str]], action: str, stage: str) -> set[str]:
    """The parameters of the deployment that an action is allowed on, below its prefix."""
    start = f":parameter/promptpilot/{stage}/"
    assert all(start in each for each in rights[action]), rights[action]
    return {each.partition(start)[2] for each in rights[action]}


def _within(action: str, resource: str, stage: str) -> bool:
    allowed: Iterator[str] = (
        end.format(stage=stage) for start, end in WITHIN.items() if action.startswith(start)
    )
    return any(resource.removesuffix(":*").endswith(end) for end in allowed)


def _role_of(deployment: Deployment, service: str) -> Resource:
    (role,) = (
        each
        for each in deployment.all("AWS::IAM::Role")
        if any(of["Principal"] == {"Service": service} for of in _trust(each))
    )
    return role


def _trust(role: Resource) -> list[Any]:
    return listed(role.properties["AssumeRolePolicyDocument"]["Statement"])
