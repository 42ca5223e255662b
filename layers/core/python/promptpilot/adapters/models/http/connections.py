"""The connections to one server: a set for each event loop that calls it."""

import asyncio
import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from promptpilot.errors import Invalid
from promptpilot.step_errors import ModelUnavailable

if TYPE_CHECKING:
    from promptpilot.adapters.models.http.connection import Connection

CLOSE_SECONDS = 5.0


class Connections:
    """aiohttp is imported and connections are made when the first call needs them.

    `name` is told where `base_url` is one that no path can be added to, which raises `Invalid`.
    """

    def __init__(self, base_url: str, *, name: str) -> None:
        _check(base_url, name)
        self.base_url = base_url.rstrip("/")
        self._by_loop: dict[asyncio.AbstractEventLoop, Connection] = {}
        self._closed = False

    async def here(self) -> "Connection":
        """The connections of the running loop. Raises `ModelUnavailable` once closed."""
        loop = asyncio.get_running_loop()
        if loop not in self._by_loop:
            connection_type = await asyncio.to_thread(_import_connection)
            if self._closed:
                raise ModelUnavailable(reason="The model is not called any more: we are stopping.")
            for ended in [each for each in list(self._by_loop) if each.is_closed()]:
                self._by_loop.pop(ended, None)  # loops of other threads do the same
            if loop not in self._by_loop:  # another call may have been faster
                self._by_loop[loop] = connection_type(self.base_url)
        return self._by_loop[loop]

    async def close(self) -> None:
        """Close the connections of every loop. No call is possible afterwards.

        For a loop that has been closed it is too late: this is to be awaited before.
        """
        self._closed = True
        while self._by_loop:
            loop, connection = self._by_loop.popitem()
            if not loop.is_closed():
                await _on_its_loop(loop, connection)


def _import_connection() -> "type[Connection]":
    from promptpilot.adapters.models.http.connection import (  # noqa: PLC0415 - takes a moment
        Connection,
    )

    return Connection


async def _on_its_loop(loop: asyncio.AbstractEventLoop, connection: "Connection") -> None:
    if loop is asyncio.get_running_loop():
        await connection.close()
    elif loop.is_running():
        closing = asyncio.run_coroutine_threadsafe(connection.close(), loop)
        with contextlib.suppress(TimeoutError):  # that loop has stopped meanwhile
            await asyncio.wait_for(asyncio.wrap_future(closing), CLOSE_SECONDS)
    else:
        await asyncio.to_thread(loop.run_until_complete, connection.close())


def _check(base_url: str, name: str) -> None:
    parts = urlsplit(base_url)
    if parts.username or parts.password:
        raise Invalid(reason=f"{name}: put the key into api_key, not into base_url")
    if parts.query or parts.fragment:
        raise Invalid(reason=f"{name}: base_url ends with a path, without a query or fragment")
