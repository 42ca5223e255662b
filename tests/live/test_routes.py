"""The live handler as API Gateway and a queue call it."""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from functions.live.handler import handler
from promptpilot import platform
from promptpilot.bus_event import bus_event
from promptpilot.clock import epoch_ms
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.ids import new_id
from promptpilot.errors import StoreUnavailable, Unavailable
from promptpilot.platform import Platform
from promptpilot.services.live import connections as live_connections
from promptpilot.services.live.connections import (
    CONNECTIONS_PER_USER,
    LIFETIME_SECONDS,
    SUBSCRIPTIONS_PER_CONNECTION,
)
from tests.fakes import MemoryTable
from tests.handlers.here import Caller, make_execution, make_user, memory_platform


class Pushed:
    """A `Live` that remembers; some connections are gone, some out of reach."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, Any]] = []
        self.closed: list[str] = []
        self.gone: set[str] = set()
        self.out_of_reach: set[str] = set()

    def send(self, connection: str, message: str) -> bool:
        if connection in self.out_of_reach:
            raise Unavailable
        if connection in self.gone:
            return False
        self.messages.append((connection, json.loads(message)))
        return True

    def close(self, connection: str) -> None:
        if connection in self.out_of_reach:
            raise Unavailable
        self.closed.append(connection)

    def to(self, connection: str) -> list[Any]:
        return [message for to, message in self.messages if to == connection]


class FlakyTable(MemoryTable):
    """A table whose queries of some partitions fail."""

    def __init__(self) -> None:
        super().__init__()
        self.unreadable: set[str] = set()

    def query(self, partition: str, **more: Any) -> Any:
        if partition in self.unreadable:
            raise StoreUnavailable
        return super().query(partition, **more)


@pytest.fixture
def live() -> Pushed:
    return Pushed()


@pytest.fixture
def table() -> FlakyTable:
    return FlakyTable()


@pytest.fixture(autouse=True)
def ports(live: Pushed, table: FlakyTable) -> Iterator[Platform]:
    ports = memory_platform(live=live, table=table)
    platform.install(ports)
    yield ports
    platform.install(None)


@pytest.fixture
def one(ports: Platform) -> Caller:
    return make_user("One")


@pytest.fixture
def two(ports: Platform) -> Caller:
    return make_user("Two")


def route(
    key: str,
    connection: str,
    user: str | None = None,
    at: int | None = None,
    **more: Any,
) -> dict[str, Any]:
    """An event of API Gateway's WebSocket API."""
    context: dict[str, Any] = {
        "routeKey": key,
        "eventType": {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}.get(key, "MESSAGE"),
        "messageDirection": "IN",
        "connectionId": connection,
        "connectedAt": epoch_ms() if at is None else at,
        "requestId": "request-1",
        "stage": "live",
        "identity": {"sourceIp": "127.0.0.1"},
    }
    if user is not None:
        context["authorizer"] = {"user": user, "principalId": user, "expires_at": 1}
    return {"requestContext": context, "isBase64Encoded": False, **more}


def connect(caller: Caller, connection: str, at: int | None = None) -> dict[str, Any]:
    return dict(handler(route("$connect", connection, caller.user, at, headers={}), None))


def ask(live: Pushed, connection: str, message: Any, **more: Any) -> Any:
    body = message if isinstance(message, str) else json.dumps(message)
    event = route("$default", connection, body=body, **more)
    assert handler(event, None) == {"statusCode": 200}
    return live.to(connection).pop()


def event(workspace: str, subject: str = "prompt_1") -> Event:
    return Event.of(EventType.PROMPT_UPDATED, workspace=workspace, actor="system", subject=subject)


def records(*bodies: Any) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": str(number),
                "body": body if isinstance(body, str) else json.dumps(bus_event(body)),
                "attributes": {"ApproximateReceiveCount": "1"},
            }
            for number, body in enumerate(bodies)
        ]
    }


def failures(*bodies: Any) -> list[str]:
    answer = handler(records(*bodies), None)
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def listen(live: Pushed, caller: Caller, connection: str, **where: str) -> None:
    assert connect(caller, connection)["statusCode"] == 200
    assert ask(live, connection, {"action": "subscribe", **where})["type"] == "subscribed"
    live.messages.clear()


def test_a_connection_nobody_vouches_for_is_refused(table: FlakyTable) -> None:
    answer = handler(route("$connect", "c1"), None)
    assert answer["statusCode"] == 401
    assert table.of_kind("connection") == []


@pytest.mark.parametrize("name", ["Sec-WebSocket-Protocol", "sec-websocket-protocol"])
def test_the_subprotocol_is_taken_that_is_ours(one: Caller, name: str) -> None:
    headers = {name: "promptpilot, bearer.abc"}
    answer = handler(route("$connect", "c1", one.user, headers=headers), None)
    assert answer == {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "promptpilot"}}


def test_a_connection_is_remembered_for_two_hours(one: Caller, table: FlakyTable) -> None:
    at = epoch_ms()
    connect(one, "c1", at)
    [item] = table.of_kind("connection")
    assert item.expires_at == at // 1000 + LIFETIME_SECONDS


def test_a_store_out_of_reach_refuses_the_connection(one: Caller, table: FlakyTable) -> None:
    table.unreadable.add(f"user/{one.user}/connections")
    assert connect(one, "c1")["statusCode"] == 503


def test_a_subscription_lives_as_long_as_its_connection(
    one: Caller, live: Pushed, table: FlakyTable
) -> None:
    listen(live, one, "c1")
    [item] = table.of_kind("subscription")
    [connection] = table.of_kind("connection")
    assert item.expires_at == connection.expires_at


def test_a_disconnected_client_is_forgotten(one: Caller, live: Pushed, table: FlakyTable) -> None:
    listen(live, one, "c1")
    assert handler(route("$disconnect", "c1"), None) == {"statusCode": 200}
    assert table.of_kind("connection") == table.of_kind("subscription") == []
    assert handler(route("$disconnect", "c1"), None) == {"statusCode": 200}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("", "json_invalid"),
        ("{", "json_invalid"),
        ("[" * 10_000, "json_invalid"),
        ("null", "validation_failed"),
        ("[]", "validation_failed"),
        ('"subscribe"', "validation_failed"),
        ({}, "validation_failed"),
        ({"action": 1}, "validation_failed"),
        ({"action": "shout"}, "validation_failed"),
        ({"action": "ping", "more": 1}, "validation_failed"),
        ({"action": "subscribe", "execution": "x"}, "validation_failed"),
        ({"action": "subscribe", "workspace": 1}, "validation_failed"),
        ({"action": "subscribe", "workspace": "../.."}, "validation_failed"),
        ({"action": "unsubscribe", "workspace": new_id("ws")}, "not_found"),
        ({"action": "subscribe", "workspace": new_id("ws")}, "not_found"),
        ({"action": "subscribe", "execution": new_id("execution")}, "not_found"),
    ],
)
def test_a_wrong_message_is_answered_by_a_problem(
    one: Caller, live: Pushed, message: Any, code: str
) -> None:
    connect(one, "c1")
    answer = ask(live, "c1", message)
    assert answer["type"] == "problem"
    assert answer["problem"]["code"] == code
    assert answer["problem"]["request_id"] == "request-1"


def test_a_problem_names_the_field(one: Caller, live: Pushed) -> None:
    connect(one, "c1")
    answer = ask(live, "c1", {"action": "subscribe", "execution": "x", "more": 1})
    assert {fault["at"] for fault in answer["problem"]["fields"]} == {"/execution", "/more"}


@pytest.mark.parametrize(
    "message",
    [
        {"action": "x" * 100_000},
        {"action": "ping", "x" * 100_000: 1},
        {"action": "ping", **{f"field-{number}": 1 for number in range(5_000)}},
        {"action": "subscribe", "execution": "x" * 100_000},
    ],
)
def test_a_problem_is_small_and_repeats_no_values(one: Caller, live: Pushed, message: Any) -> None:
    connect(one, "c1")
    answer = ask(live, "c1", message)
    assert answer["problem"]["code"] == "validation_failed"
    assert len(json.dumps(answer)) < 10_000


def test_bytes_are_read_as_text(one: Caller, live: Pushed) -> None:
    connect(one, "c1")
    ping = base64.b64encode(b'{"action": "ping"}').decode()
    assert ask(live, "c1", ping, isBase64Encoded=True) == {"type": "pong"}
    nonsense = base64.b64encode(b"\xff\xfe").decode()
    answer = ask(live, "c1", nonsense, isBase64Encoded=True)
    assert answer["problem"]["code"] == "json_invalid"


def test_a_connection_that_is_not_known_cannot_subscribe(one: Caller, live: Pushed) -> None:
    answer = ask(live, "c1", {"action": "subscribe"})
    assert answer["problem"]["code"] == "not_found"


def test_a_store_out_of_reach_is_told_to_who_asks(
    one: Caller, live: Pushed, table: FlakyTable
) -> None:
    connect(one, "c1")
    table.unreadable.add("connection/c1/live")
    answer = ask(live, "c1", {"action": "subscribe"})
    assert (answer["problem"]["status"], answer["problem"]["retry_after"]) == (503, 1)


def test_an_answer_to_who_cannot_be_reached_is_dropped(one: Caller, live: Pushed) -> None:
    connect(one, "c1")
    live.out_of_reach.add("c1")
    message = route("$default", "c1", body='{"action": "ping"}')
    assert handler(message, None) == {"statusCode": 200}


def test_of_too_many_connections_the_oldest_are_closed(
    one: Caller, two: Caller, live: Pushed, table: FlakyTable
) -> None:
    start = epoch_ms()
    connect(two, "other", start - 1)
    for number in range(CONNECTIONS_PER_USER + 2):
        connect(one, f"c{number}", start + number)
    assert live.closed == ["c0", "c1"]
    assert len(table.of_kind("connection")) == CONNECTIONS_PER_USER + 1


def test_a_connection_that_cannot_be_closed_is_tried_again_next_time(
    one: Caller, live: Pushed
) -> None:
    start = epoch_ms()
    live.out_of_reach.add("c0")
    for number in range(CONNECTIONS_PER_USER + 1):
        assert connect(one, f"c{number}", start + number)["statusCode"] == 200
    live.out_of_reach.clear()
    connect(one, "next", start + 1000)
    assert set(live.closed) == {"c0", "c1"}


def test_a_connection_has_room_for_so_many_subscriptions(one: Caller, live: Pushed) -> None:
    connect(one, "c1")
    execution = make_execution(one)["id"]
    wanted = {"action": "subscribe", "execution": execution}
    for _ in range(SUBSCRIPTIONS_PER_CONNECTION - 1):
        other = {"action": "subscribe", "execution": make_execution(one)["id"]}
        assert ask(live, "c1", other)["type"] == "subscribed"
    assert ask(live, "c1", wanted)["type"] == "subscribed"
    assert ask(live, "c1", wanted)["type"] == "subscribed"
    assert ask(live, "c1", {"action": "subscribe"})["problem"]["code"] == "conflict"
    handler(route("$disconnect", "c1"), None)
    connect(one, "c2")
    assert ask(live, "c2", {"action": "subscribe"})["type"] == "subscribed"


def test_a_workspace_has_room_for_so_many_listeners(
    one: Caller, live: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_connections, "SUBSCRIPTIONS_PER_WORKSPACE", 2)
    listen(live, one, "c1")
    listen(live, one, "c2")
    connect(one, "c3")
    assert ask(live, "c3", {"action": "subscribe"})["problem"]["code"] == "conflict"
    assert ask(live, "c2", {"action": "subscribe"})["type"] == "subscribed"


def test_an_event_goes_to_who_listens_to_its_workspace(
    one: Caller, two: Caller, live: Pushed
) -> None:
    listen(live, one, "c1")
    listen(live, two, "c2")
    first, second = event(one.workspace), event(two.workspace)
    assert failures(first, second) == []
    assert live.to("c1") == [first.model_dump(mode="json")]
    assert live.to("c2") == [second.model_dump(mode="json")]


def test_events_of_a_batch_are_pushed_oldest_first(one: Caller, live: Pushed) -> None:
    listen(live, one, "c1")
    events = [event(one.workspace) for _ in range(10)]
    assert failures(*reversed(events)) == []
    assert [message["id"] for message in live.to("c1")] == [each.id for each in events]


def test_a_connection_that_is_gone_is_forgotten(
    one: Caller, live: Pushed, table: FlakyTable
) -> None:
    listen(live, one, "c1")
    listen(live, one, "c2")
    live.gone.add("c1")
    assert failures(event(one.workspace), event(one.workspace)) == []
    assert len(live.to("c2")) == 2
    [left] = table.of_kind("connection")
    assert left.key.partition == "connection/c2"
    assert len(table.of_kind("subscription")) == 1


def test_a_connection_out_of_reach_does_not_stop_the_others(
    one: Caller, live: Pushed, table: FlakyTable
) -> None:
    for connection in ("c1", "c2", "c3"):
        listen(live, one, connection)
    live.out_of_reach.add("c2")
    assert failures(event(one.workspace)) == []
    assert (len(live.to("c1")), len(live.to("c3"))) == (1, 1)
    assert len(table.of_kind("connection")) == 3


def test_only_what_cannot_be_looked_up_is_delivered_again(
    one: Caller, two: Caller, live: Pushed, table: FlakyTable
) -> None:
    listen(live, one, "c1")
    listen(live, two, "c2")
    table.unreadable.add(f"{one.workspace}/live")
    bodies: Sequence[Any] = [event(one.workspace), event(two.workspace), event(one.workspace)]
    assert failures(*bodies) == ["0", "2"]
    assert len(live.to("c2")) == 1


@pytest.mark.parametrize("poison", ["", "{", "null", "[]", '"x"', "{}", '{"detail": {"type": 1}}'])
def test_a_message_that_is_no_event_fails_alone(one: Caller, live: Pushed, poison: str) -> None:
    listen(live, one, "c1")
    assert failures(poison, event(one.workspace)) == ["0"]
    assert len(live.to("c1")) == 1


def test_one_bus_event_is_pushed_as_it_comes(one: Caller, live: Pushed, table: FlakyTable) -> None:
    listen(live, one, "c1")
    happened = event(one.workspace)
    handler(bus_event(happened), None)
    assert live.to("c1") == [happened.model_dump(mode="json")]
    table.unreadable.add(f"{one.workspace}/live")
    with pytest.raises(StoreUnavailable):
        handler(bus_event(happened), None)
