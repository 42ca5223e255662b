"""Step Functions with canned answers, and the machine that the tests ask it about."""

from datetime import UTC, datetime
from typing import Any

from botocore.stub import Stubber

from promptpilot.adapters.aws.step_functions import StepFunctions
from promptpilot.ports.orchestrator import Machine
from tests.contract.aws_clients import client
from tests.contract.orchestrators import LOG_GROUP, MACHINES, ROLE, step_functions

ULID = "01JDZZZZZZZZZZZZZZZZZZZZZZ"
NAME = f"promptpilot-test-{ULID}-0123456789abcdef01234567"
ARN = f"{MACHINES}{ULID}-0123456789abcdef01234567"
EXECUTION = ARN.replace(":stateMachine:", ":execution:") + ":ws_1-exec_1"
QUEUE = "https://sqs.example/steps"
TASK = {"QueueUrl": "${StepQueueUrl}", "MessageBody": {"QueueUrl": "${StepQueueUrl}"}}
ASL = {"StartAt": "a", "States": {"a": {"Type": "Task", "Arguments": TASK, "End": True}}}
MACHINE = Machine("ws_1", f"workflow_{ULID}", "1.2.3", "0123456789abcdef" * 4, ASL)
FILLED_IN = {"QueueUrl": QUEUE, "MessageBody": {"QueueUrl": "${StepQueueUrl}"}}
DEFINITION = (
    '{"StartAt":"a","States":{"a":{"Type":"Task","Arguments":{"QueueUrl":"'
    + QUEUE
    + '","MessageBody":{"QueueUrl":"${StepQueueUrl}"}},"End":true}}}'
)
SETTINGS = {
    "definition": DEFINITION,
    "roleArn": ROLE,
    "loggingConfiguration": {
        "level": "ERROR",
        "includeExecutionData": False,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": f"{LOG_GROUP}:*"}}],
    },
    "tracingConfiguration": {"enabled": True},
}
CREATION = {
    **SETTINGS,
    "name": NAME,
    "type": "STANDARD",
    "tags": [
        {"key": "workspace", "value": "ws_1"},
        {"key": "workflow", "value": f"workflow_{ULID}"},
        {"key": "version", "value": "1.2.3"},
    ],
}
START = {"stateMachineArn": ARN, "name": "ws_1-exec_1", "input": '{"text":"Grüße"}'}
NOW = datetime(2026, 11, 24, tzinfo=UTC)
CREATED = {"stateMachineArn": ARN, "creationDate": NOW}
STARTED = {"executionArn": EXECUTION, "startDate": NOW}


class Answers:
    """Step Functions with canned answers. Asked otherwise than expected, it fails the test."""

    def __init__(self) -> None:
        sfn = client("stepfunctions")
        self.stubber = Stubber(sfn)
        self.stubber.activate()
        self.orchestrator: StepFunctions = step_functions(sfn, QUEUE)

    def well(self, method: str, answer: Any = None, asked: Any = None) -> "Answers":
        self.stubber.add_response(method, answer or {}, asked)
        return self

    def refuse(self, method: str, code: str, message: str = "", asked: Any = None) -> "Answers":
        self.stubber.add_client_error(method, code, message, expected_params=asked)
        return self

    def start(self) -> None:
        self.orchestrator.start(MACHINE, "ws_1-exec_1", {"text": "Grüße"})

    def used_up(self) -> None:
        self.stubber.assert_no_pending_responses()
