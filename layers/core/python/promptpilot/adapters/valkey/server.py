"""A Valkey server that the product can do without."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from pydantic import SecretStr

from promptpilot.adapters.outage import Outage
from promptpilot.adapters.per_loop import PerLoop
from promptpilot.errors import StoreUnavailable

if TYPE_CHECKING:
    from promptpilot.adapters.valkey.client import Client

T = TypeVar("T")

ANSWER_SECONDS = 0.5
"""A server answers within a millisecond or so. But where our own event loop is busy for a quarter
of a second, that is no outage.
"""
CLOSE_SECONDS = 5.0


class ValkeyServer:
    """The server at `url`, and whether it is out of reach. Event loops may share it: each has
    connections of its own, made when it first asks. It has `seconds` to answer.

    `prefix` begins every name, so that deployments can share a server.
    """

    def __init__(
        self,
        url: SecretStr,
        *,
        prefix: str,
        outage: Outage | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.prefix = prefix
        self.outage = outage or Outage(
            "Valkey", meanwhile="each process has a cache and rate limits of its own"
        )
        self._clients = PerLoop(lambda: import_client()(url.get_secret_value(), seconds))
        self._imported = False
        self._closed = False

    async def ask(self, call: Callable[["Client"], Awaitable[T]]) -> T:
        """The answer to one call. Raises `StoreUnavailable` where there is none, and at once while
        the server is left alone.
        """
        client = await self._client()
        async with client.turns:
            with self.outage.trying() as trial:
                if trial:
                    # Some errors come with writes only, or with scripts.
                    await client.probe(f"{self.prefix}:probe")
                return await call(client)

    async def close(self) -> None:
        """Close the connections of every loop. What is asked from then on is out of reach."""
        self._closed = True
        for loop, client in self._clients.forget():
            if loop is asyncio.get_running_loop():
                await client.close()
            elif loop.is_running():
                closing = asyncio.run_coroutine_threadsafe(client.close(), loop)
                with contextlib.suppress(TimeoutError):  # that loop has stopped meanwhile
                    await asyncio.wait_for(asyncio.wrap_future(closing), CLOSE_SECONDS)

    async def _client(self) -> "Client":
        if not self._imported:
            await asyncio.to_thread(import_client)
            self._imported = True
        if self._closed:
            raise StoreUnavailable
        return self._clients.here()


def import_client() -> "type[Client]":
    """The class of clients. The library takes some tenths of a second of processor time."""
    from promptpilot.adapters.valkey.client import Client  # noqa: PLC0415 - takes a moment

    return Client
