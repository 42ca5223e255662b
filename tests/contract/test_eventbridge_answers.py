"""What `EventBridgeBus` makes of entries and requests that are refused. moto refuses none."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from promptpilot.adapters.aws.event_bus import MAX_REQUEST_BYTES, EventBridgeBus
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.ids import new_id
from promptpilot.errors import TooLarge, Unavailable
from tests.contract.aws_clients import client, cut_off_client

WORKSPACE = new_id("ws")


def event(subject: str, **data: object) -> Event:
    return Event.of(
        EventType.STEP_SUCCEEDED, workspace=WORKSPACE, actor="system", subject=subject, **data
    )


class Script:
    """An EventBridge that answers by a list: for each request the error code of every entry."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = iter(answers)
        self.requests: list[list[Any]] = []

    def put_events(self, *, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
        self.requests.append(Entries)
        codes = next(self._answers, [""] * len(Entries))
        assert len(codes) == len(Entries)
        entries = [{"ErrorCode": code} if code else {"EventId": "1"} for code in codes]
        return {"FailedEntryCount": len(list(filter(None, codes))), "Entries": entries}

    @property
    def sent(self) -> list[list[str]]:
        return [[_name(entry) for entry in request] for request in self.requests]


def _name(entry: Any) -> str:
    return str(json.loads(entry["Detail"])["subject"])


def publish(script: Script, *subjects: str, pauses: Sequence[float] = (0, 0)) -> None:
    bus = EventBridgeBus(script, "bus", pauses=pauses)  # type: ignore[arg-type]
    bus.publish([event(subject) for subject in subjects])


def test_events_of_one_subject_are_never_in_one_request() -> None:
    script = Script()
    publish(script, "a", "b", "a", "c", "a")
    assert script.sent == [["a", "b", "c"], ["a"], ["a"]]


def test_a_refused_entry_is_sent_again_before_a_later_one_of_its_subject() -> None:
    script = Script(["ThrottlingException", "", ""])
    publish(script, "a", "b", "c", "a", "b")
    assert script.sent == [["a", "b", "c"], ["a", "b"], ["a"]]
    [first, second, third] = [request[0]["Detail"] for request in script.requests]
    assert first == second
    assert third != first


def test_entries_that_are_refused_again_and_again_are_given_up() -> None:
    script = Script(*[["InternalFailure"]] * 3)
    with pytest.raises(Unavailable, match="InternalFailure"):
        publish(script, "a")
    assert len(script.requests) == 3


def test_a_request_that_is_refused_whole_is_told() -> None:
    events = client("events")
    with Stubber(events) as stub:
        stub.add_client_error("put_events", "ThrottlingException", http_status_code=400)
        with pytest.raises(Unavailable):
            EventBridgeBus(events, "bus").publish([event("a")])


def test_a_bus_out_of_reach_is_told() -> None:
    cut_off = cut_off_client("events", EndpointConnectionError)
    with pytest.raises(Unavailable):
        EventBridgeBus(cut_off, "bus").publish([event("a")])


def test_an_event_too_large_for_the_bus_is_refused_before_any_is_sent() -> None:
    script = Script()
    bus = EventBridgeBus(script, "bus")  # type: ignore[arg-type]
    with pytest.raises(TooLarge):
        bus.publish([event("a"), event("b", much="x" * MAX_REQUEST_BYTES)])
    assert script.requests == []


def test_no_request_is_larger_than_the_bus_takes() -> None:
    script = Script()
    bus = EventBridgeBus(script, "bus")  # type: ignore[arg-type]
    bus.publish([event(str(place), much="ä" * 40_000) for place in range(7)])
    assert [len(request) for request in script.requests] == [3, 3, 1]
    for request in script.requests:
        assert sum(len(entry["Detail"].encode()) for entry in request) <= MAX_REQUEST_BYTES
