"""What a WebSocket may ask of the server: API Gateway's limits, and bounded memory."""

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from wsproto.events import Message, Ping

from embedded.event_bus import LocalEventBus
from embedded.gateway import Gateway
from embedded.live import LocalLive
from embedded.live_gateway import LiveGateway
from embedded.websocket_protocol import WebSocketProtocol
from promptpilot.domain.event import MAX_EVENT_BYTES, Event, EventType
from promptpilot.live_message import MAX_MESSAGE_BYTES
from promptpilot.platform import Platform
from promptpilot.services.live.connections import CONNECTIONS_PER_USER
from tests.engine.patience import until
from tests.handlers.here import Caller
from tests.handlers.served import SECONDS, fetch, serving
from tests.live.clients import Client, Closed, Refused, live_server
from tests.live.conftest import token_of


def large_event(workspace: str) -> Event:
    return Event.of(
        EventType.STEP_SUCCEEDED,
        workspace=workspace,
        actor="system",
        subject="prompt_1",
        much="x" * (MAX_EVENT_BYTES - 1_000),
    )


def test_the_largest_message_is_read_and_a_larger_one_ends_the_connection(
    url: str, one: Caller
) -> None:
    with Client(url, token_of(one)) as client:
        largest = json.dumps({"action": "x" * (MAX_MESSAGE_BYTES - 14)})
        assert len(largest) == MAX_MESSAGE_BYTES
        assert client.ask(largest)["type"] == "problem"
        client.send(largest + " ")
        assert client.close_code() == 1009


def test_a_message_in_many_frames_is_one_message_with_the_same_limit(url: str, one: Caller) -> None:
    with Client(url, token_of(one)) as client:
        for part in ('{"act', 'ion": "pi'):
            client.write(Message(part, message_finished=False))
        assert client.ask('ng"}') == {"type": "pong"}
        for _ in range(5):
            client.write(Message("x" * (MAX_MESSAGE_BYTES // 4), message_finished=False))
        assert client.close_code() == 1009


@pytest.mark.parametrize("limit", ["idle_seconds", "lifetime_seconds"])
def test_a_connection_ends_that_is_idle_or_old(
    live: LocalLive, ports: Platform, one: Caller, limit: str
) -> None:
    with live_server(live, **{limit: 0.2}) as url, Client(url, token_of(one)) as client:
        assert client.close_code() == 1001
        until(lambda: not len(live))


def test_a_server_that_is_full_says_so_and_takes_another_later(
    live: LocalLive, ports: Platform, one: Caller
) -> None:
    with live_server(live, max_connections=1) as url:
        with Client(url, token_of(one)) as client:
            assert client.ask({"action": "ping"}) == {"type": "pong"}
            with pytest.raises(Refused) as refused:
                Client(url, token_of(one))
            assert refused.value.status == 503
        until(lambda: not len(live))
        with Client(url, token_of(one)) as client:
            assert client.ask({"action": "ping"}) == {"type": "pong"}


def test_of_too_many_connections_of_a_user_the_oldest_ends(
    url: str, live: LocalLive, one: Caller, two: Caller
) -> None:
    other = Client(url, token_of(two))
    clients = [Client(url, token_of(one)) for _ in range(CONNECTIONS_PER_USER)]
    newest = Client(url, token_of(one))
    try:
        until(lambda: len(live) == CONNECTIONS_PER_USER + 1)
        assert newest.ask({"action": "ping"}) == {"type": "pong"}
        assert other.ask({"action": "ping"}) == {"type": "pong"}
        assert clients[0].close_code() == 1000
    finally:
        for client in (*clients, newest, other):
            client.socket.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(WebSocketProtocol, "unread_seconds", 0.2)
    return


def test_a_client_that_does_not_read_is_cut_and_others_hear_everything(
    impatient: None, url: str, live: LocalLive, bus: LocalEventBus, one: Caller, two: Caller
) -> None:
    with (
        Client(url, token_of(one), receive_buffer=4096) as slow,
        Client(url, token_of(two)) as quick,
    ):
        slow.ask({"action": "subscribe"})
        quick.ask({"action": "subscribe"})
        for _ in range(500):
            bus.publish([large_event(one.workspace), large_event(two.workspace)])
            assert quick.receive()["workspace"] == two.workspace
            if len(live) == 1:
                break
        until(lambda: len(live) == 1)
        assert slow.close_code() is None


def test_a_client_that_floods_with_pings_and_does_not_read_is_cut(
    impatient: None, url: str, live: LocalLive, one: Caller
) -> None:
    with Client(url, token_of(one), receive_buffer=4096) as client:
        pings = b"".join(client._connection.send(Ping(b"x" * 125)) for _ in range(1000))
        with pytest.raises(OSError, match=r"reset|[Bb]roken pipe"):
            client.socket.sendall(pings * 1000)
        until(lambda: not len(live))


def test_a_ping_of_the_protocol_is_answered(url: str, one: Caller) -> None:
    with Client(url, token_of(one)) as client:
        client.ping()


def test_messages_are_not_compressed(url: str, one: Caller) -> None:
    headers = {"Sec-WebSocket-Extensions": "permessage-deflate"}
    with Client(url, token_of(one), headers=headers) as client:
        assert client.accepted.extensions == []


def test_a_client_hears_that_the_server_stops(
    live: LocalLive, ports: Platform, one: Caller
) -> None:
    with serving(Gateway(sockets=LiveGateway(live))) as server:
        client = Client(server.url, token_of(one))
        client.ask({"action": "subscribe"})
        server.stop()
        assert client.close_code() == 1012
        client.socket.close()
    assert len(live) == 0
    assert ports.table.of_kind("subscription") == []  # type: ignore[attr-defined]


def test_a_client_that_does_not_read_does_not_hold_up_the_end(
    live: LocalLive, bus: LocalEventBus, ports: Platform, one: Caller
) -> None:
    with serving(Gateway(sockets=LiveGateway(live)), grace_seconds=10 * SECONDS) as server:
        client = Client(server.url, token_of(one), receive_buffer=4096)
        client.ask({"action": "subscribe"})
        for _ in range(500):
            bus.publish([large_event(one.workspace)])
            if not ports.table.of_kind("subscription"):  # type: ignore[attr-defined]
                break
        until(lambda: not len(live))
    client.socket.close()


def test_the_token_is_in_no_log(url: str, one: Caller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with Client(url, token_of(one), path="/live?token=secret") as client:
        client.ask({"action": "subscribe"})
    with pytest.raises(Refused):
        Client(url, "secret", path="/live?token=secret")
    assert "secret" not in caplog.text
    assert token_of(one) not in caplog.text


@pytest.mark.parametrize(
    "request_text",
    [
        "GET /live HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "POST /live HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
)
def test_a_wrong_handshake_is_refused(url: str, request_text: str) -> None:
    parts = urlsplit(url)
    address = (str(parts.hostname), parts.port or 0)
    with closing(socket.create_connection(address, SECONDS)) as client:
        client.sendall(request_text.encode())
        assert client.recv(65536).startswith(b"HTTP/1.1 400")


def test_bytes_that_are_no_websocket_end_the_connection_and_nothing_else(
    url: str, one: Caller
) -> None:
    with Client(url, token_of(one)) as client, Client(url, token_of(one)) as other:
        client.socket.sendall(b"\xff" * 100)
        with pytest.raises(Closed):
            client.receive()
        assert other.ask({"action": "ping"}) == {"type": "pong"}
    assert fetch(url, "GET", "/health").status == 200


def test_a_gateway_without_sockets_takes_none() -> None:
    with serving(Gateway()) as server, pytest.raises(Refused) as refused:
        Client(server.url, "token.x")
    assert refused.value.status == 404
