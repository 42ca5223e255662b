"""One fresh orchestrator of every kind, and one fresh step queue, behind the ports they serve."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws

from embedded.database import Database
from embedded.engine.engine import Engine
from embedded.engine.queue import EngineQueue
from promptpilot.adapters.aws.step_functions import StepFunctions
from promptpilot.adapters.aws.step_queue import SqsStepQueue
from promptpilot.domain.base import digest_of
from promptpilot.ports.orchestrator import Machine, Orchestrator
from promptpilot.ports.step_queue import StepQueue
from tests.contract.stores import REGION

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

PATIENCE = 20.0
MACHINES = f"arn:aws:states:{REGION}:123456789012:stateMachine:promptpilot-test-"
ROLE = "arn:aws:iam::123456789012:role/promptpilot-test-machines"
LOG_GROUP = f"arn:aws:logs:{REGION}:123456789012:log-group:promptpilot-test-machines"
RESOURCE = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"

_numbers = itertools.count()


@dataclass(frozen=True)
class RunningAws:
    """Clients of an AWS, made up in this process, that runs state machines. Its interpreter knows
    no JSONata.
    """

    stepfunctions: "SFNClient"
    sqs: "SQSClient"


@contextmanager
def running_aws() -> Iterator[RunningAws]:
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        session = boto3.Session("testing", "testing", region_name=REGION)
        yield RunningAws(session.client("stepfunctions"), session.client("sqs"))


def new_queue(aws: RunningAws) -> str:
    """The URL of a queue that is empty."""
    return aws.sqs.create_queue(QueueName=f"steps-{next(_numbers)}")["QueueUrl"]


def step_functions(client: "SFNClient", queue: str = "https://sqs.example/steps") -> StepFunctions:
    return StepFunctions(
        client, machines=MACHINES, role=ROLE, log_group=LOG_GROUP, step_queue_url=queue
    )


@dataclass
class Running:
    """An orchestrator, the next job that it sends, and a machine of one task that it can run."""

    orchestrator: Orchestrator
    next_job: Callable[[], dict[str, Any]]
    task: Machine
    passing: Machine
    """A machine without a task, which puts its input out."""


def machine_of(states: Mapping[str, Any], **fields: Any) -> Machine:
    asl = {"StartAt": next(iter(states)), "States": states, **fields}
    return Machine("ws_1", f"wf_{next(_numbers)}", "1.0.0", digest_of(asl), asl)


def jsonata(task: bool) -> Machine:
    arguments = {
        "QueueUrl": "${StepQueueUrl}",
        "MessageBody": {"token": "{% $states.context.Task.Token %}"},
    }
    state = {**_TASK, "Arguments": arguments} if task else _PASS
    return machine_of({"only": {**state, "End": True}}, QueryLanguage="JSONata")


def json_path(queue: str, task: bool) -> Machine:
    body = {"token.$": "$$.Task.Token"}
    parameters = {"QueueUrl": queue, "MessageBody": body}
    state = {**_TASK, "Parameters": parameters} if task else _PASS
    return machine_of({"only": {**state, "End": True}})


_PASS = {"Type": "Pass"}
_TASK = {"Type": "Task", "Resource": RESOURCE, "HeartbeatSeconds": 60}


class _Inbox:
    """The worker of an engine whose jobs a test completes."""

    def __init__(self) -> None:
        self._jobs: list[dict[str, Any]] = []
        self._came = Condition()

    async def __call__(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        with self._came:
            self._jobs += [json.loads(record["body"]) for record in event["Records"]]
            self._came.notify_all()
        return {}

    def next(self) -> dict[str, Any]:
        with self._came:
            assert self._came.wait_for(lambda: self._jobs, PATIENCE), "no job came"
            return self._jobs.pop(0)


@contextmanager
def embedded_engine(aws: RunningAws, folder: Path) -> Iterator[Running]:
    inbox = _Inbox()
    with closing(Database(folder / f"{next(_numbers)}.db")) as database:
        engine = Engine(database, worker=inbox, on_status=lambda _: None)
        engine.start_up()
        try:
            yield Running(engine, inbox.next, jsonata(task=True), jsonata(task=False))
        finally:
            engine.shut_down(0)


@contextmanager
def aws_step_functions(aws: RunningAws, folder: Path) -> Iterator[Running]:
    queue = new_queue(aws)
    waiting: list[str] = []

    def next_job() -> dict[str, Any]:
        [message] = aws.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=int(PATIENCE))[
            "Messages"
        ]
        job: dict[str, Any] = json.loads(message["Body"])
        waiting.append(job["token"])
        return job

    adapter = step_functions(aws.stepfunctions, queue)
    yield Running(adapter, next_job, json_path(queue, task=True), json_path(queue, task=False))
    for token in waiting:  # each task that waits is a thread in here
        adapter.fail_task(token, "Over", "")


@dataclass
class Delivering:
    """A step queue, and the next message that a worker gets of it."""

    queue: StepQueue
    receive: Callable[[], Mapping[str, Any]]
    """The message's record, in the form that Lambda hands on."""


class _Records:
    """A worker that keeps what it gets, and gives the first `refused` deliveries back."""

    def __init__(self) -> None:
        self.queue: EngineQueue | None = None
        self._records: list[Mapping[str, Any]] = []
        self._came = Condition()

    async def __call__(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        [record] = event["Records"]
        refused = (
            "again" in record["body"] and record["attributes"]["ApproximateReceiveCount"] == "1"
        )
        if refused and self.queue is not None:
            self.queue.release(record["receiptHandle"], 0)
        with self._came:
            self._records.append(record)
            self._came.notify_all()
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}] if refused else []}

    def receive(self) -> Mapping[str, Any]:
        with self._came:
            assert self._came.wait_for(lambda: self._records, PATIENCE), "no message came"
            return self._records.pop(0)


@contextmanager
def engine_queue(aws: RunningAws, folder: Path) -> Iterator[Delivering]:
    records = _Records()
    with closing(Database(folder / f"{next(_numbers)}.db")) as database:
        engine = Engine(
            database, worker=records, on_status=lambda _: None, redelivery_seconds=(0.01,)
        )
        records.queue = EngineQueue(engine)
        engine.start_up()
        try:
            yield Delivering(records.queue, records.receive)
        finally:
            engine.shut_down(0)


@contextmanager
def sqs_queue(aws: RunningAws, folder: Path) -> Iterator[Delivering]:
    url = new_queue(aws)
    queue = SqsStepQueue(aws.sqs, url)

    def receive() -> Mapping[str, Any]:
        [message] = aws.sqs.receive_message(
            QueueUrl=url,
            WaitTimeSeconds=int(PATIENCE),
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )["Messages"]
        record = {
            "body": message["Body"],
            "receiptHandle": message["ReceiptHandle"],
            "attributes": message["Attributes"],
        }
        first = record["attributes"]["ApproximateReceiveCount"] == "1"
        if "again" in record["body"] and first:
            queue.release(record["receiptHandle"], 0)
        return record

    yield Delivering(queue, receive)


ORCHESTRATORS = {"engine": embedded_engine, "stepfunctions": aws_step_functions}
QUEUES = {"engine": engine_queue, "sqs": sqs_queue}
