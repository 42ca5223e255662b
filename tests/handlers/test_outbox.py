"""The table's stream becomes events on the bus, whatever else is in it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from functions.outbox.handler import handler
from promptpilot import platform
from promptpilot.adapters.aws.dynamo_items import item_attributes
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.ids import new_id
from promptpilot.errors import Unavailable
from promptpilot.ports.table import Item, Key
from promptpilot.services.outbox import outbox
from promptpilot.services.outbox_relay import TOGETHER
from tests.handlers.here import memory_platform

WORKSPACE = new_id("ws")


class RememberingBus:
    """An `EventBus` that keeps what it is given, and is out of reach for some subjects."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.refuses: str | None = None

    def publish(self, events: Sequence[Event]) -> None:
        if any(event.subject == self.refuses for event in events):
            raise Unavailable
        self.events += events

    @property
    def subjects(self) -> list[str]:
        return [event.subject for event in self.events]


@pytest.fixture
def bus() -> Iterator[RememberingBus]:
    bus = RememberingBus()
    platform.install(memory_platform(event_bus=bus))
    yield bus
    platform.install(None)


def event(subject: str) -> Event:
    return Event.of(
        EventType.EXECUTION_QUEUED, workspace=WORKSPACE, actor="system", subject=subject
    )


def record(number: int, item: Item, name: str = "INSERT") -> dict[str, Any]:
    """A stream record of view type NEW_IMAGE."""
    attributes = item_attributes(item)
    image = {} if name == "REMOVE" else {"NewImage": attributes}
    return {
        "eventID": f"id-{number}",
        "eventName": name,
        "eventSource": "aws:dynamodb",
        "eventVersion": "1.1",
        "awsRegion": "eu-central-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_800_000_000,
            "Keys": {each: attributes[each] for each in ("pk", "sk")},
            **image,
            "SequenceNumber": str(1000 + number),
            "SizeBytes": 300,
            "StreamViewType": "NEW_IMAGE",
        },
    }


def event_record(number: int, subject: str) -> dict[str, Any]:
    return record(number, outbox(event(subject)).item)


def failures(*records: dict[str, Any]) -> list[str]:
    answer = handler({"Records": list(records)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_events_are_published_as_they_were_written_in_order(bus: RememberingBus) -> None:
    first, second = event("a"), event("b")
    assert failures(record(1, outbox(first).item), record(2, outbox(second).item)) == []
    assert bus.events == [first, second]


def test_only_new_outbox_items_are_events(bus: RememberingBus) -> None:
    prompt = Item(Key(WORKSPACE, "prompt"), "prompt", "{}")
    item = outbox(event("x")).item
    records = [
        record(1, prompt),
        record(2, item, "REMOVE"),
        record(3, item, "MODIFY"),
        event_record(4, "a"),
        record(5, prompt, "REMOVE"),
    ]
    assert failures(*records) == []
    assert bus.subjects == ["a"]


def test_the_first_event_that_was_not_published_is_answered(bus: RememberingBus) -> None:
    prompt = record(0, Item(Key(WORKSPACE, "prompt"), "prompt", "{}"))
    records = [event_record(place, f"subject-{place}") for place in range(1, 3 * TOGETHER)]
    bus.refuses = f"subject-{TOGETHER + 3}"
    [first] = failures(prompt, *records)
    assert first == str(1000 + TOGETHER + 1)
    assert bus.subjects == [f"subject-{place}" for place in range(1, TOGETHER + 1)]


def test_what_is_delivered_again_is_published_with_all_that_was_behind_it(
    bus: RememberingBus,
) -> None:
    records = [event_record(place, f"subject-{place}") for place in range(2 * TOGETHER)]
    bus.refuses = f"subject-{TOGETHER}"
    [first] = failures(*records)
    bus.refuses = None
    again = [each for each in records if each["dynamodb"]["SequenceNumber"] >= first]
    assert failures(*again) == []
    assert bus.subjects == [f"subject-{place}" for place in range(2 * TOGETHER)]


@pytest.mark.parametrize(
    "wrong", [{"body": "{"}, {"body": '{"type": "from.the.future"}'}, {"body": '"x"'}]
)
def test_what_is_no_event_does_not_hold_up_the_shard(
    bus: RememberingBus, caplog: pytest.LogCaptureFixture, wrong: dict[str, str]
) -> None:
    bad = record(2, replace(outbox(event("b")).item, **wrong))
    assert failures(event_record(1, "a"), bad, event_record(3, "c")) == []
    assert bus.subjects == ["a", "c"]
    assert [each.levelname for each in caplog.records] == ["ERROR"]
    assert "from.the.future" not in caplog.text


def test_an_image_that_is_no_item_does_not_hold_up_the_shard(
    bus: RememberingBus, caplog: pytest.LogCaptureFixture
) -> None:
    bad = event_record(2, "b")
    del bad["dynamodb"]["NewImage"]["revision"]
    assert failures(event_record(1, "a"), bad, event_record(3, "c")) == []
    assert bus.subjects == ["a", "c"]
    assert [each.levelname for each in caplog.records] == ["ERROR"]


def test_a_batch_without_events_publishes_nothing(bus: RememberingBus) -> None:
    assert failures() == []
    assert bus.events == []
