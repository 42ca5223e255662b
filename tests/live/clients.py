"""A client of WebSockets, and a live server for it on loopback."""

import json
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

from embedded.gateway import Gateway
from embedded.live import LocalLive
from embedded.live_gateway import LiveGateway
from tests.handlers.served import SECONDS, serving


class Refused(Exception):
    """The server did not take the connection."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.problem: Any = json.loads(body) if body else None


class Closed(Exception):
    """The server closed the connection; `code` is None where it just ended."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class Client:
    """One WebSocket, opened with a token as browsers give it. Every wait has an end."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        path: str = "/live",
        headers: Mapping[str, str] | None = None,
        receive_buffer: int | None = None,
    ) -> None:
        parts = urlsplit(url)
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(SECONDS)
        self._give_up_at = time.monotonic() + 2 * SECONDS  # pings come for as long as it takes
        self.socket.connect((str(parts.hostname), parts.port or 0))
        self._connection = WSConnection(ConnectionType.CLIENT)
        self._events: list[Event] = []
        offered = [] if token is None else ["promptpilot", f"bearer.{token}"]
        more = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        request = Request(parts.netloc, path, subprotocols=offered, extra_headers=more)
        try:
            self.write(request)
            self.accepted = self._handshake()
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def write(self, event: Event) -> None:
        self.socket.sendall(self._connection.send(event))

    def send(self, message: Any) -> None:
        self.write(Message(message if isinstance(message, str | bytes) else json.dumps(message)))

    def ask(self, message: Any) -> Any:
        """Send, and give what comes next."""
        self.send(message)
        return self.receive()

    def receive(self) -> Any:
        """The next message, read as JSON. Raises `Closed`."""
        text = ""
        while True:
            event = self.event()
            if isinstance(event, CloseConnection):
                raise Closed(event.code)
            if isinstance(event, Ping):
                self.write(event.response())
            if isinstance(event, TextMessage):
                text += event.data
                if event.message_finished:
                    return json.loads(text)
            assert not isinstance(event, BytesMessage)

    def event(self) -> Event:
        """What comes next. Raises `Closed` at the end of the stream."""
        while not self._events:
            assert time.monotonic() < self._give_up_at
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                raise Closed(None)
            self._connection.receive_data(data)
            self._events += list(self._connection.events())
        return self._events.pop(0)

    def ping(self) -> None:
        """Return when the server has answered a ping of the protocol."""
        self.write(Ping(b"x"))
        while not isinstance(self.event(), Pong):
            pass

    def close_code(self) -> int | None:
        """The code with which the server closes, whatever comes before."""
        try:
            while True:
                self.receive()
        except Closed as closed:
            return closed.code

    def _handshake(self) -> AcceptConnection:
        event = self.event()
        if isinstance(event, AcceptConnection):
            return event
        assert isinstance(event, RejectConnection)
        body = b""
        while event.has_body and isinstance(data := self.event(), RejectData):
            body += data.data
            if data.body_finished:
                break
        raise Refused(event.status_code, body)


@contextmanager
def live_server(live: LocalLive, **limits: Any) -> Iterator[str]:
    """The URL of a server whose live connections can be reached through `live`."""
    with serving(Gateway(sockets=LiveGateway(live, **limits))) as server:
        yield server.url


def types(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    return [message["type"] for message in messages]
