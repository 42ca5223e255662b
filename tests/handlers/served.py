"""The real server on loopback, in a thread of the test's own process, and clients for it."""

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from embedded.gateway import Gateway
from embedded.server import HttpServer

SECONDS = 30
"""How long anything may take before a test fails."""


@dataclass(frozen=True)
class Reply:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One keep-alive connection, with a token once there is one."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
        self._token = token

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = dict(headers or {})
        if self._token is not None:
            sent.setdefault("Authorization", f"Bearer {self._token}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        self._connection.request(method, path, body, sent)
        response = self._connection.getresponse()
        return Reply(response.status, dict(response.headers), response.read())

    def close(self) -> None:
        self._connection.close()


def fetch(url: str, method: str, path: str, body: Any = None, **headers: str) -> Reply:
    """One request on a connection of its own."""
    connection = Connection(url)
    try:
        return connection.call(method, path, body, headers)
    finally:
        connection.close()


@contextmanager
def serving(gateway: Gateway, grace_seconds: float = 5) -> Iterator[HttpServer]:
    """A server that takes requests until the block ends."""
    server = HttpServer(gateway, host="127.0.0.1", port=0, grace_seconds=grace_seconds)
    ready = threading.Event()
    thread = threading.Thread(target=server.run, args=(lambda _url: ready.set(),))
    thread.start()
    try:
        assert ready.wait(SECONDS)
        yield server
    finally:
        server.stop()
        thread.join(SECONDS)
        assert not thread.is_alive()
