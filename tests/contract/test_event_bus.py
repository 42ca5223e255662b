"""Every `EventBus` hands on every event, in EventBridge's shape, in order per subject."""

from datetime import datetime

import pytest

from promptpilot.domain.event import MAX_EVENT_BYTES, Event, EventType
from promptpilot.domain.ids import new_id
from tests.contract.event_buses import BUSES, Watched
from tests.contract.stores import Aws

WORKSPACE = new_id("ws")


@pytest.fixture(params=sorted(BUSES))
def watched(request: pytest.FixtureRequest, aws: Aws) -> Watched:
    return BUSES[request.param]()


def event(subject: str, type: EventType = EventType.STEP_SUCCEEDED, **data: object) -> Event:
    return Event.of(type, workspace=WORKSPACE, actor="system", subject=subject, **data)


def test_an_event_arrives_whole_and_in_eventbridges_shape(watched: Watched) -> None:
    sent = event("execution_1", log="log_1", text="Größe")
    watched.bus.publish([sent])
    [told] = watched.received()
    assert told["source"] == "promptpilot"
    assert told["detail-type"] == "execution.step.succeeded"
    assert told["version"] == "0"
    assert told["resources"] == []
    assert {"id", "region"} <= told.keys()
    assert datetime.strptime(told["time"], "%Y-%m-%dT%H:%M:%S%z") == sent.at.replace(microsecond=0)
    assert Event.model_validate(told["detail"]) == sent


def test_nothing_is_published_where_there_is_nothing(watched: Watched) -> None:
    watched.bus.publish([])
    assert watched.received() == []


@pytest.mark.parametrize("count", [1, 9, 10, 11, 35])
def test_every_event_arrives_and_those_of_a_subject_in_order(watched: Watched, count: int) -> None:
    sent = [event(f"execution_{place % 3}", place=place) for place in range(count)]
    watched.bus.publish(sent)
    told = [Event.model_validate(each["detail"]) for each in watched.received()]
    assert len(told) == count
    for subject in {each.subject for each in sent}:
        assert [e for e in told if e.subject == subject] == [
            e for e in sent if e.subject == subject
        ]


def test_events_that_fill_more_than_one_request_arrive(watched: Watched) -> None:
    sent = [event(f"execution_{place}", much="x" * (MAX_EVENT_BYTES - 500)) for place in range(6)]
    watched.bus.publish(sent)
    told = [Event.model_validate(each["detail"]) for each in watched.received()]
    assert told == sent


@pytest.mark.parametrize("type", EventType)
def test_every_type_of_event_can_be_published(watched: Watched, type: EventType) -> None:
    watched.bus.publish([event("subject_1", type)])
    assert [told["detail-type"] for told in watched.received()] == [type.value]
