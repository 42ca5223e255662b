"""`ModelClient` over HTTP, for any vendor whose format has a `Wire`."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from promptpilot.adapters.models.http.connections import Connections
from promptpilot.adapters.models.http.limits import bounded
from promptpilot.adapters.models.http.status_errors import refuses_streaming
from promptpilot.adapters.models.http.wire import Authorize, Call, Reply, StreamReader, Wire
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.ports.models import NO_ATTACHMENTS, Attachments, OnText
from promptpilot.step_errors import ModelRejectedRequest, ModelTimeout


class HttpModelClient:
    """Calls the models behind `connections` in the vendor's format, as whom `authorize` says.

    It costs nothing to make; the connections are shared with whoever else calls the same server.
    """

    def __init__(self, connections: Connections, wire: Wire, authorize: Authorize) -> None:
        self._connections = connections
        self._wire = wire
        self._authorize = authorize

    async def complete(
        self,
        request: ModelRequest,
        *,
        on_text: OnText | None = None,
        attachments: Attachments = NO_ATTACHMENTS,
    ) -> Completion:
        """One answer, within `request.timeout` seconds from start to end. Raises a `ModelError`.

        With `on_text` the answer is streamed, where the server can, and goes there piece by piece.
        """
        try:
            async with asyncio.timeout(request.timeout):
                return await self.answer(request, on_text, attachments)
        except TimeoutError as error:
            raise ModelTimeout(reason=f"No answer within {request.timeout:g} seconds.") from error

    async def answer(
        self, request: ModelRequest, on_text: OnText | None, attachments: Attachments
    ) -> Completion:
        """As `complete`, for whoever has a clock on the call already."""
        if on_text is not None:
            return await self._stream(request, attachments, bounded(on_text))
        return await self._ask(request, attachments)

    async def found(self, path: str, headers: Mapping[str, str]) -> bytes:
        """What there is at a path of the server. Raises a `ModelError`."""
        url = f"{self._connections.base_url}/{path}"
        authorization = await self._authorize(url, Call(path, b""))
        connection = await self._connections.here()
        return await connection.get(url, {**headers, **authorization}, wire=self._wire)

    async def close(self) -> None:
        """Close the connections, on whichever event loop they were made."""
        await self._connections.close()

    async def _ask(self, request: ModelRequest, attachments: Attachments) -> Completion:
        reply = await self._send(request, attachments)
        return self._wire.completion(reply, request)

    async def _stream(
        self, request: ModelRequest, attachments: Attachments, on_text: OnText
    ) -> Completion:
        """An answer that comes whole, from a server that does not stream, is one piece."""
        reader = self._wire.reader(request, on_text)
        try:
            async with _first_token(request, reader):
                reply = await self._send(request, attachments, reader)
        except ModelRejectedRequest as error:
            if not refuses_streaming(error):
                raise
            whole = await self._ask(request, attachments)
        else:
            if reply.body is None:
                return reader.completion()
            whole = self._wire.completion(reply, request)
        if whole.text:
            on_text(whole.text)
        return whole

    async def _send(
        self, request: ModelRequest, attachments: Attachments, reader: StreamReader | None = None
    ) -> Reply:
        call = self._wire.call(request, attachments, stream=reader is not None)
        url = f"{self._connections.base_url}/{call.path}"
        headers = {**call.headers, **await self._authorize(url, call)}
        connection = await self._connections.here()
        return await connection.post(
            url, call.body, headers, request.model, wire=self._wire, reader=reader
        )


@asynccontextmanager
async def _first_token(request: ModelRequest, reader: StreamReader) -> AsyncIterator[None]:
    """Ends with `ModelTimeout` where the answer has not begun in time."""
    limit = request.first_token_timeout
    if limit is None:
        yield
        return
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(None) as clock:

            def look() -> None:
                if not reader.begun:
                    clock.reschedule(loop.time())

            looking = loop.call_later(limit, look)
            try:
                yield
            finally:
                looking.cancel()
    except TimeoutError as error:
        if not clock.expired():
            raise
        raise ModelTimeout(reason=f"No answer began within {limit:g} seconds.") from error
