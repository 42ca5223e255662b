"""An `httpx2` client over `aiohttp`: half the CPU of the SDK's own clients for the same call.

The SDK takes any `httpx2.AsyncClient`. This one goes straight from a built request to `aiohttp` and
back, without `httpx2`'s redirects, cookies, proxies, auth flows and hooks, which a call of a model
has no use for.
"""

from functools import lru_cache
from typing import Any

import aiohttp
import httpx2

MAX_ANSWER_BYTES = 8 * 1024 * 1024
"""The longest answer that is read, decompressed: a server must not be able to fill our memory."""

_FAILURES: dict[type[aiohttp.ClientError], str] = {
    aiohttp.ClientConnectorDNSError: "has a host name that cannot be resolved",
    aiohttp.ClientSSLError: "cannot be connected to safely (TLS)",
    aiohttp.ClientConnectorError: "cannot be connected to",
    aiohttp.ClientConnectionError: "closed the connection before its answer was complete",
    aiohttp.ClientPayloadError: "closed the connection before its answer was complete",
    aiohttp.ClientError: "answered with something that is not HTTP",
}
"""What happened, from the most to the least specific error; reads on from "The model's server"."""

_url = lru_cache(maxsize=256)(httpx2.URL)


class AiohttpClient(httpx2.AsyncClient):
    """Sends over `session`, which it owns. Cancelling a call closes its connection."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        super().__init__(transport=httpx2.AsyncBaseTransport(), trust_env=False)
        self._session = session

    def build_request(
        self,
        method: str,
        url: httpx2.URL | str,
        *,
        content: Any = None,
        headers: Any = None,
        **_unused: Any,
    ) -> httpx2.Request:
        """The request as given. `content` is bytes; timeouts are the caller's business."""
        body = httpx2.ByteStream(content or b"")
        return httpx2.Request(method, _url(str(url)), headers=headers, stream=body)

    async def send(self, request: httpx2.Request, **_unused: Any) -> httpx2.Response:
        """The whole answer. Raises `httpx2.TransportError` where there is none."""
        if self._session.closed:
            raise httpx2.TransportError("is not called any more: we are stopping", request=request)
        try:
            async with self._session.request(
                request.method,
                str(request.url),
                headers=request.headers.multi_items(),
                data=await request.aread(),
                allow_redirects=False,
            ) as response:
                body = await _body(response, request)
        except aiohttp.ClientError as error:
            raise httpx2.TransportError(_failure(error), request=request) from error
        headers = [each for each in response.raw_headers if each[0].lower() != b"content-encoding"]
        return httpx2.Response(response.status, headers=headers, content=body, request=request)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._session.close()
        await super().aclose()


async def _body(response: aiohttp.ClientResponse, request: httpx2.Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise httpx2.TransportError("answered with far too much", request=request)
        chunks.append(chunk)
    return b"".join(chunks)


def _failure(error: aiohttp.ClientError) -> str:
    return next(words for kind, words in _FAILURES.items() if isinstance(error, kind))
