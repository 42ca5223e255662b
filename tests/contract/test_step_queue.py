"""The `StepQueue` port."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.orchestrators import QUEUES, Delivering, RunningAws, running_aws


@pytest.fixture(scope="module")
def aws() -> Iterator[RunningAws]:
    with running_aws() as aws:
        yield aws


@pytest.fixture(params=sorted(QUEUES))
def delivering(
    request: pytest.FixtureRequest, aws: RunningAws, tmp_path: Path
) -> Iterator[Delivering]:
    with QUEUES[request.param](aws, tmp_path) as delivering:
        yield delivering


@pytest.mark.parametrize(
    "body", ['{"a": 1}', '{"text": "Grüße 🎈"}', '{"x": "%s"}' % ("y" * 200_000)]
)
def test_a_job_is_delivered_as_it_was_sent(delivering: Delivering, body: str) -> None:
    delivering.queue.send(body)
    record = delivering.receive()
    assert record["body"] == body
    assert record["attributes"]["ApproximateReceiveCount"] == "1"


def test_every_job_is_delivered(delivering: Delivering) -> None:
    bodies = {f'{{"n": {n}}}' for n in range(10)}
    for body in bodies:
        delivering.queue.send(body)
    assert {delivering.receive()["body"] for _ in bodies} == bodies


def test_a_job_that_is_given_back_is_delivered_again_and_counted(delivering: Delivering) -> None:
    delivering.queue.send('{"job": "again"}')
    deliveries = [delivering.receive() for _ in range(2)]
    assert [each["body"] for each in deliveries] == ['{"job": "again"}'] * 2
    counts = [each["attributes"]["ApproximateReceiveCount"] for each in deliveries]
    assert counts == ["1", "2"]


def test_a_receipt_that_is_not_good_any_more_is_left_alone(delivering: Delivering) -> None:
    delivering.queue.release("unknown", 10)
