"""Machines that another interpreter of the States Language runs too end the same way here.

The reference knows no JSONata, so that each machine is written twice.
"""

import json
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.engine.asl import RESOURCE, machine, pass_, task, then
from tests.engine.conftest import Run
from tests.engine.scripted_worker import ScriptedWorker, silence
from tests.engine.statuses import Statuses

pytestmark = pytest.mark.filterwarnings("ignore")  # the reference's own

ROLE = "arn:aws:iam::123456789012:role/any"
End = tuple[str, Any, str | None]


class Reference:
    """moto's interpreter, with a queue for tasks that nobody ever completes."""

    def __init__(self) -> None:
        place = {"region_name": "us-east-1"}
        self._states = boto3.client("stepfunctions", **place)
        self.queue_url = boto3.client("sqs", **place).create_queue(QueueName="s")["QueueUrl"]
        self._machines = 0

    def end_of(self, states: dict[str, Any], input: Any) -> End:
        """How an execution of these states ends."""
        self._machines += 1
        definition = {"StartAt": next(iter(states)), "States": states}
        arn = self._states.create_state_machine(
            name=f"m{self._machines}", definition=json.dumps(definition), roleArn=ROLE
        )["stateMachineArn"]
        execution = self._states.start_execution(stateMachineArn=arn, input=json.dumps(input))
        pause = threading.Event()
        for _ in range(1_000):
            ended = self._states.describe_execution(executionArn=execution["executionArn"])
            if ended["status"] != "RUNNING":
                output = json.loads(ended["output"]) if "output" in ended else None
                return ended["status"], output, ended.get("error")
            pause.wait(0.01)
        pytest.fail("the reference did not end")


@pytest.fixture(scope="module")
def reference() -> Iterator[Reference]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "x")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
            yield Reference()


def failing_task(**fields: Any) -> dict[str, Any]:
    """A task of the reference that fails each time: its queue does not exist."""
    parameters = {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/none", "MessageBody": "b"}
    resource = "arn:aws:states:::sqs:sendMessage"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, **then(None), **fields}


CHOICE = {
    "c": {
        "Type": "Choice",
        "Choices": [
            {
                "And": [
                    {"Variable": "$.n", "NumericGreaterThan": 2},
                    {"Variable": "$.s", "StringEquals": "x"},
                ],
                "Next": "a",
            },
            {"Variable": "$.n", "NumericEquals": 1, "Next": "f"},
        ],
        "Default": "w",
    },
    "a": {"Type": "Pass", "Result": {"way": "a"}, "Next": "e"},
    "w": {"Type": "Wait", "Seconds": 0, "Next": "e"},
    "e": {"Type": "Succeed"},
    "f": {"Type": "Fail", "Error": "Mine", "Cause": "c"},
}
CHOICE_JSONATA = CHOICE | {
    "c": {
        "Type": "Choice",
        "Choices": [
            {"Condition": "{% $states.input.n > 2 and $states.input.s = 'x' %}", "Next": "a"},
            {"Condition": "{% $states.input.n = 1 %}", "Next": "f"},
        ],
        "Default": "w",
    },
    "a": pass_("e", Output={"way": "a"}),
}


@pytest.mark.parametrize("input", [{"n": 3, "s": "x"}, {"n": 3, "s": "y"}, {"n": 1, "s": "x"}])
def test_states_without_work_end_alike(
    reference: Reference, run: Run, statuses: Statuses, input: Any
) -> None:
    expected = reference.end_of(CHOICE, input)
    assert ours(statuses, run(machine(CHOICE_JSONATA), input)) == expected


ERROR = "SQS.SdkClientException"
ENDS = {
    "caught": pass_(Output={"error": "{% $states.input.Error %}"}),
    "other": {"Type": "Fail", "Error": "Other"},
}


def catch(*names: str, following: str = "caught") -> dict[str, Any]:
    return {"ErrorEquals": list(names), "Next": following}


def retry(name: str, attempts: int) -> dict[str, Any]:
    return {"ErrorEquals": [name], "MaxAttempts": attempts, "IntervalSeconds": 1}


@pytest.mark.parametrize(
    ("fields", "attempts"),
    [
        ({}, 1),
        ({"Catch": [catch(ERROR)]}, 1),
        ({"Catch": [catch("A", "B", following="other"), catch("A", ERROR)]}, 1),
        ({"Catch": [catch("A", following="other"), catch("States.TaskFailed")]}, 1),
        ({"Catch": [catch("States.Timeout"), catch("States.ALL", following="other")]}, 1),
        ({"Retry": [retry(ERROR, 1)], "Catch": [catch("States.ALL")]}, 2),
        ({"Retry": [retry(ERROR, 0), retry("States.ALL", 3)], "Catch": [catch("States.ALL")]}, 1),
        ({"Retry": [retry("A", 3)]}, 1),
    ],
)
def test_tasks_that_fail_end_alike(
    reference: Reference,
    run: Run,
    statuses: Statuses,
    worker: ScriptedWorker,
    fields: dict[str, Any],
    attempts: int,
) -> None:
    twins = {"caught": pass_(Parameters={"error.$": "$.Error"}), "other": ENDS["other"]}
    expected = reference.end_of({"t": failing_task(**fields), **twins}, {})
    worker.script("t", *[worker.fail(ERROR)] * 5)
    assert ours(statuses, run(machine({"t": task("t", **fields), **ENDS}))) == expected
    assert len(worker.jobs) == attempts


def test_timeouts_end_alike(
    reference: Reference, run: Run, statuses: Statuses, worker: ScriptedWorker
) -> None:
    limits = {"TimeoutSeconds": 1, "Catch": [catch("States.TaskFailed", following="t")]}
    worker.script("t", silence)
    name = run(machine({"t": task("t", **limits)}))
    parameters = {"QueueUrl": reference.queue_url, "MessageBody": {"token.$": "$$.Task.Token"}}
    quiet = failing_task(**limits) | {"Resource": RESOURCE, "Parameters": parameters}
    expected = reference.end_of({"t": quiet}, {})
    assert ours(statuses, name) == expected == ("FAILED", None, "States.Timeout")


def ours(statuses: Statuses, name: str) -> End:
    end = statuses.end_of(name)
    output = json.loads(end["output"]) if end["output"] is not None else None
    return end["status"], output, end["error"]
