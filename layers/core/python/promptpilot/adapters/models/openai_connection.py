"""Calling one server that speaks OpenAI's Chat Completions, over aiohttp, from one event loop.

Importing this module imports aiohttp, which takes a moment; see `openai_compatible`.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import truststore
from pydantic import SecretStr
from yarl import URL

from promptpilot.adapters.models.openai_errors import status_error
from promptpilot.step_errors import ModelUnavailable

MAX_CONNECTIONS = 1000
KEEP_ALIVE_SECONDS = 4.0
"""Under the 5 s after which many servers close an idle connection, maybe just when we use it."""

MAX_ANSWER_BYTES = 8 * 1024 * 1024
"""The longest answer that is read, decompressed: a server must not be able to fill our memory."""

Take = Callable[[bytes], bool]
"""Gets a stream piece by piece; True once it needs no more."""

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


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer as it came; None for the body where a stream was taken as it came."""

    content_type: str
    body: bytes | None


class OpenAIConnection:
    """Calls the Chat Completions of the server at `base_url`. Belongs to the running event loop."""

    def __init__(self, base_url: str) -> None:
        self._url = URL(f"{base_url.rstrip('/')}/chat/completions")
        self._session = _session(base_url)
        # Some servers end the connection after a stream, maybe just when it is used again.
        self._streams = _session(base_url, force_close=True)

    async def post(
        self, body: bytes, model: str, api_key: SecretStr, *, take: Take | None = None
    ) -> Reply:
        """The answer to one request body. Raises a `ModelError`; `model` is for its text.

        With `take`, an answer that is a stream of events goes there as it comes. An empty `api_key`
        sends none. Being cancelled closes the connection.
        """
        if self._session.closed:
            raise ModelUnavailable(reason="The model is not called any more: we are stopping.")
        key = api_key.get_secret_value()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        session = self._session if take is None else self._streams
        try:
            async with session.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as response:
                if not 200 <= response.status < 300:
                    body = await _body(response)
                    raise status_error(response.status, response.headers, body, model)
                kind = response.headers.get("Content-Type", "")
                if take is not None and kind.lower().startswith("text/event-stream"):
                    await _stream(response, take)
                    return Reply(kind, None)
                return Reply(kind, await _body(response))
        except aiohttp.ClientError as error:
            raise ModelUnavailable(reason=f"The model's server {_failure(error)}.") from error

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


async def _body(response: aiohttp.ClientResponse) -> bytes:
    chunks: list[bytes] = []

    def take(chunk: bytes) -> bool:
        chunks.append(chunk)
        return False

    await _stream(response, take)
    return b"".join(chunks)


async def _stream(response: aiohttp.ClientResponse, take: Take) -> None:
    left = MAX_ANSWER_BYTES
    async for chunk in response.content.iter_any():
        left -= len(chunk)
        if left < 0:
            raise ModelUnavailable(reason="The model's server answered with far too much.")
        if take(chunk):
            return


def _failure(error: aiohttp.ClientError) -> str:
    return next(words for kind, words in _FAILURES.items() if isinstance(error, kind))
