"""The deployment's queues, seen from outside."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cloud.running import Cloud

PREFIX = "promptpilot-test"
MOST_RECEIVES = 4


def queue_url(cloud: Cloud, name: str) -> str:
    sqs = cloud.account.client("sqs")
    url: str = sqs.get_queue_url(QueueName=f"{PREFIX}-{name}")["QueueUrl"]
    return url


def send(cloud: Cloud, name: str, body: str) -> None:
    cloud.account.client("sqs").send_message(QueueUrl=queue_url(cloud, name), MessageBody=body)


def bodies(cloud: Cloud, name: str) -> list[str]:
    """What lies in a queue; it is hidden from others for a moment only."""
    got = cloud.account.client("sqs").receive_message(
        QueueUrl=queue_url(cloud, name), MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return [each["Body"] for each in got.get("Messages", [])]


@contextmanager
def impatient(cloud: Cloud, *names: str) -> Iterator[None]:
    """Hide a message that was not handled for a second only, and give it up soon. The deployment
    waits for as long as functions may take, and tries for hours what may be a passing trouble.
    """
    sqs = cloud.account.client("sqs")
    urls = [queue_url(cloud, name) for name in names]
    before = [_patience(sqs, url) for url in urls]
    for url, patience in zip(urls, before, strict=True):
        sqs.set_queue_attributes(QueueUrl=url, Attributes=_shortened(patience))
    try:
        yield
    finally:
        for url, patience in zip(urls, before, strict=True):
            sqs.set_queue_attributes(QueueUrl=url, Attributes=patience)


def _patience(sqs: Any, url: str) -> dict[str, str]:
    asked = ["VisibilityTimeout", "RedrivePolicy"]
    told: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=asked)[
        "Attributes"
    ]
    return told


def _shortened(patience: dict[str, str]) -> dict[str, str]:
    policy = json.loads(patience["RedrivePolicy"])
    receives = min(int(policy["maxReceiveCount"]), MOST_RECEIVES)
    shorter = json.dumps({**policy, "maxReceiveCount": receives})
    return {"VisibilityTimeout": "1", "RedrivePolicy": shorter}
