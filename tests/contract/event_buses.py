"""An event bus of every kind, and what its rules' targets get."""

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from embedded.event_bus import LocalEventBus
from promptpilot.adapters.aws.event_bus import EventBridgeBus
from promptpilot.bus_event import SOURCE
from promptpilot.ports.event_bus import EventBus
from tests.contract.stores import REGION

_numbers = itertools.count()


@dataclass(frozen=True)
class Watched:
    """A bus with a rule for everything; `received` gives what has come since it was asked last."""

    bus: EventBus
    received: Callable[[], list[Mapping[str, Any]]]


def local_bus() -> Watched:
    told: list[Mapping[str, Any]] = []

    def handler(event: Mapping[str, Any], _context: object) -> None:
        told.append(event)

    def received() -> list[Mapping[str, Any]]:
        new, told[:] = list(told), []
        return new

    return Watched(LocalEventBus({}, everything=lambda: (handler,)), received)


def eventbridge_bus() -> Watched:
    """A bus whose rule sends to a queue. The caller makes AWS up."""
    session = boto3.Session("testing", "testing", region_name=REGION)
    events, sqs = session.client("events"), session.client("sqs")
    name = f"bus-{next(_numbers)}"
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    events.create_event_bus(Name=name)
    pattern = json.dumps({"source": [SOURCE]})
    events.put_rule(Name="everything", EventBusName=name, EventPattern=pattern)
    target = {"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}
    events.put_targets(Rule="everything", EventBusName=name, Targets=[target])

    def received() -> list[Mapping[str, Any]]:
        new: list[Mapping[str, Any]] = []
        while messages := _messages(sqs, queue):
            new += [json.loads(message["Body"]) for message in messages]
        return new

    return Watched(EventBridgeBus(events, name), received)


def _messages(sqs: Any, queue: str) -> list[Any]:
    answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    messages: list[Any] = answer.get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return messages


BUSES = {"local": local_bus, "eventbridge": eventbridge_bus}
