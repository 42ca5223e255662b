"""Calling one server over aiohttp, from one event loop.

Importing this module imports aiohttp, which takes a moment; see `connections`.
"""

import ssl
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from io import BytesIO
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import truststore
from yarl import URL

from promptpilot.adapters.models.http.limits import (
    MAX_ANSWER_BYTES,
    MAX_STREAM_BYTES,
    Allowance,
)
from promptpilot.adapters.models.http.wire import Reply, StreamReader, Wire
from promptpilot.step_errors import ModelUnavailable

MAX_CONNECTIONS = 1000
KEEP_ALIVE_SECONDS = 4.0
"""Under the 5 s after which many servers close an idle connection, maybe just when we use it."""

LARGE_BODY_BYTES = 1024 * 1024

_Take = Callable[[bytes], bool | None]
"""Gets a body piece by piece; True once it needs no more."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_HEADERS = {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
    "User-Agent": "promptpilot",
}
_FAILURES: dict[type[aiohttp.ClientError], str] = {
    aiohttp.ClientConnectorDNSError: "has a host name that cannot be resolved",
    aiohttp.ClientSSLError: "cannot be connected to safely (TLS)",
    aiohttp.ClientConnectorError: "cannot be connected to",
    aiohttp.ClientConnectionError: "closed the connection before its answer was complete",
    aiohttp.ClientPayloadError: "closed the connection before its answer was complete",
    aiohttp.ClientError: "answered with something that is not HTTP",
}
"""What happened, from the most to the least specific error; reads on from "The model's server"."""


class Connection:
    """Connections to the server at `base_url`. Belongs to the running event loop."""

    def __init__(self, base_url: str) -> None:
        self._session = _session(base_url)
        # Some servers end the connection after a stream, maybe just when it is used again.
        self._streams = _session(base_url, force_close=True)

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        model: str,
        *,
        wire: Wire,
        reader: StreamReader | None = None,
    ) -> Reply:
        """The answer to one request body. Raises a `ModelError`; `model` is for its text.

        With `reader`, an answer that is a stream goes there as it comes. Being cancelled closes the
        connection.
        """
        session = self._session if reader is None else self._streams
        try:
            async with _sent(session, "POST", url, headers, body) as response:
                if not 200 <= response.status < 300:
                    told = await _body(response)
                    raise wire.error(response.status, response.headers, told, model)
                kind = response.headers.get("Content-Type", "")
                if reader is not None and kind.lower().startswith(wire.stream_type):
                    await _read(response, reader.take, MAX_STREAM_BYTES)
                    return Reply(kind, None)
                return Reply(kind, await _body(response))
        except aiohttp.ClientError as error:
            raise _failed(error) from _cause(error)

    async def get(self, url: str, headers: Mapping[str, str], *, wire: Wire) -> bytes:
        """The body that is found at a URL. Raises a `ModelError`."""
        try:
            async with _sent(self._session, "GET", url, headers) as response:
                told = await _body(response)
                if not 200 <= response.status < 300:
                    raise wire.error(response.status, response.headers, told, model="")
                return told
        except aiohttp.ClientError as error:
            raise _failed(error) from _cause(error)

    async def close(self) -> None:
        """Close every connection to the server; calls under way fail."""
        await self._session.close()
        await self._streams.close()


def _session(base_url: str, *, force_close: bool = False) -> aiohttp.ClientSession:
    parts = urlsplit(base_url)
    connector = aiohttp.TCPConnector(
        limit=MAX_CONNECTIONS,
        keepalive_timeout=None if force_close else KEEP_ALIVE_SECONDS,
        force_close=force_close,
        # The system's own trust store, on every system.
        ssl=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if parts.scheme == "https" else True,
    )
    return aiohttp.ClientSession(
        connector=connector,
        headers=_HEADERS,
        cookie_jar=aiohttp.DummyCookieJar(),  # one caller's cookies are none of another's
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # the caller has a clock
        proxy=_proxy(parts.scheme, parts.hostname or ""),
    )


def _proxy(scheme: str, host: str) -> str | None:
    """The proxy that the environment sets for this server, if any; looked up once."""
    if host in _LOOPBACK or proxy_bypass(host):
        return None
    return getproxies().get(scheme)


def _sent(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
    """Around an answer, from its beginning. Raises `ModelUnavailable` once closed."""
    if session.closed:
        raise ModelUnavailable(reason="The model is not called any more: we are stopping.")
    # A large body goes out in pieces, between which others have their turn.
    data = BytesIO(body) if body is not None and len(body) > LARGE_BODY_BYTES else body
    return session.request(
        method, URL(url, encoded=True), data=data, headers=headers, allow_redirects=False
    )


async def _body(response: aiohttp.ClientResponse) -> bytes:
    chunks: list[bytes] = []
    await _read(response, chunks.append, MAX_ANSWER_BYTES)
    return b"".join(chunks)


async def _read(response: aiohttp.ClientResponse, take: _Take, limit: int) -> None:
    allowance = Allowance(limit)
    while chunk := await response.content.readany():
        allowance.use(len(chunk))
        if take(chunk):
            return


def _failed(error: aiohttp.ClientError) -> ModelUnavailable:
    failure = next(words for kind, words in _FAILURES.items() if isinstance(error, kind))
    return ModelUnavailable(reason=f"The model's server {failure}.")


def _cause(error: aiohttp.ClientError) -> aiohttp.ClientError | None:
    """An error about a response is shown with the headers of the request, and so with the key."""
    return None if isinstance(error, aiohttp.ClientResponseError) else error
