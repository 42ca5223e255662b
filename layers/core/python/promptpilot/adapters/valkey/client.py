"""Calling one Valkey server from one event loop.

Importing this module imports the client library, which takes a moment; see `server`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from valkey.asyncio import Valkey
from valkey.asyncio.retry import Retry
from valkey.backoff import NoBackoff
from valkey.exceptions import ConnectionError as ConnectionLost
from valkey.exceptions import NoScriptError, ResponseError, ValkeyError

from promptpilot.adapters.valkey.scripts import PROBE, Script
from promptpilot.errors import StoreUnavailable
from promptpilot.valkey_url import is_encrypted

T = TypeVar("T")

MAX_CALLS = 16
"""At once, each on a connection of its own; more wait for their turn, which is not counted against
the server. One loop keeps no more busy.
"""


class Client:
    """Connections to the server at `url`, which has `seconds` to connect, and as many to answer.
    Belongs to the running event loop.
    """

    def __init__(self, url: str, seconds: float) -> None:
        self._call_seconds = 2 * seconds
        self.turns = asyncio.Semaphore(MAX_CALLS)
        tls: dict[str, Any] = {"ssl_check_hostname": True} if is_encrypted(url) else {}
        self._valkey = Valkey.from_url(
            url,
            socket_connect_timeout=seconds,
            socket_timeout=seconds,
            # A connection that was idle may have been closed by the other side, as one finds out.
            retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,)),
            retry_on_error=[ConnectionLost],
            lib_name=None,  # nor its version: each is a round trip more for every connection
            lib_version=None,
            **tls,
        )

    async def get(self, name: str) -> bytes | None:
        """The value of that name."""
        found: bytes | None = await self._called(lambda: self._valkey.get(name))
        return found

    async def set(self, name: str, value: bytes, ms: int, *, only_new: bool = False) -> bool:
        """Keep a value; with `only_new` only where there is none: whether it was kept."""
        return bool(await self._called(lambda: self._valkey.set(name, value, px=ms, nx=only_new)))

    async def delete(self, name: str) -> None:
        """Forget a value."""
        await self._called(lambda: self._valkey.unlink(name))

    async def run(self, script: Script, names: Sequence[str], arguments: Sequence[object]) -> Any:
        """What the script answers. The server gets its text where it does not know it yet."""
        given = (len(names), *names, *arguments)

        async def run() -> Any:
            try:
                return await self._valkey.evalsha(script.sha, *given)
            except NoScriptError:
                return await self._valkey.eval(script.text, *given)

        return await self._called(run)

    async def probe(self, name: str) -> None:
        """Raises `StoreUnavailable` unless the server does all that is asked of it."""
        await self.run(PROBE, [name], [])

    async def close(self) -> None:
        """Close every connection; calls under way fail."""
        await self._valkey.aclose()

    async def _called(self, call: Callable[[], Awaitable[T]]) -> T:
        """The answer. Raises `StoreUnavailable` for whatever is wrong with the server; the reason
        holds no more than the kind of error, since texts of errors may hold what was sent.
        """
        try:
            async with asyncio.timeout(self._call_seconds):
                return await call()
        except (ValkeyError, OSError, TimeoutError) as error:
            raise StoreUnavailable(_kind(error)) from error


def _kind(error: Exception) -> str:
    code = str(error).partition(" ")[0]
    if type(error) is ResponseError and code.isupper() and code.isalpha():
        return code
    return type(error).__name__
