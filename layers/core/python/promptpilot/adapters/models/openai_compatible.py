"""`ModelClient` for any server that speaks OpenAI's Chat Completions."""

import asyncio
import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from promptpilot.adapters.models.chat_completions import completion, request_body
from promptpilot.adapters.models.chat_stream import ChatStream
from promptpilot.adapters.models.openai_errors import refuses_streaming
from promptpilot.adapters.models.stored_key import KeySource
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.errors import Invalid
from promptpilot.ports.models import OnText
from promptpilot.step_errors import (
    ModelAuthFailed,
    ModelRejectedRequest,
    ModelTimeout,
    ModelUnavailable,
)

if TYPE_CHECKING:
    from promptpilot.adapters.models.openai_connection import OpenAIConnection, Reply

CLOSE_SECONDS = 5.0


class OpenAICompatible:
    """Calls the models of one server; our names for them are `prefix` and the server's own name.

    aiohttp is imported and connections are made when the first call needs them, one set for each
    event loop that calls. The key is the given one, or what its source gives at each call. Raises
    `Invalid` for a `base_url` that no path can be added to.
    """

    def __init__(self, base_url: str, api_key: SecretStr | KeySource, *, prefix: str) -> None:
        _check(base_url, prefix)
        self._base_url = base_url
        self._api_key = api_key
        self._prefix = prefix
        self._connections: dict[asyncio.AbstractEventLoop, OpenAIConnection] = {}
        self._closed = False

    async def complete(self, request: ModelRequest, *, on_text: OnText | None = None) -> Completion:
        """One answer, within `request.timeout` seconds from start to end. Raises a `ModelError`.

        With `on_text` the answer is streamed, where the server can, and goes there piece by piece.
        """
        try:
            async with asyncio.timeout(request.timeout):
                key = await self._key()
                connection = await self._connection()
                if on_text is not None:
                    return await self._stream(connection, key, request, on_text)
                return await self._ask(connection, key, request)
        except TimeoutError as error:
            raise ModelTimeout(reason=f"No answer within {request.timeout:g} seconds.") from error

    async def _ask(
        self, connection: "OpenAIConnection", key: SecretStr, request: ModelRequest
    ) -> Completion:
        body = request_body(request, request.model.removeprefix(self._prefix))
        return self._completion(await connection.post(body, request.model, key), request)

    async def _stream(
        self,
        connection: "OpenAIConnection",
        key: SecretStr,
        request: ModelRequest,
        on_text: OnText,
    ) -> Completion:
        """An answer that comes whole, from a server that does not stream, is one piece."""
        body = request_body(request, request.model.removeprefix(self._prefix), stream=True)
        stream = ChatStream(on_text)
        try:
            reply = await connection.post(body, request.model, key, take=stream.take)
        except ModelRejectedRequest as error:
            if not refuses_streaming(error):
                raise
            whole = await self._ask(connection, key, request)
        else:
            if reply.body is None:
                return stream.completion(asked=request.model, prefix=self._prefix)
            whole = self._completion(reply, request)
        on_text(whole.text)
        return whole

    def _completion(self, reply: "Reply", request: ModelRequest) -> Completion:
        body = reply.body or b""
        return completion(reply.content_type, body, asked=request.model, prefix=self._prefix)

    async def close(self) -> None:
        """Close the connections of every loop. No call is possible afterwards.

        For a loop that has been closed it is too late: this is to be awaited before.
        """
        self._closed = True
        while self._connections:
            loop, connection = self._connections.popitem()
            if not loop.is_closed():
                await _on_its_loop(loop, connection)

    async def _key(self) -> SecretStr:
        given = self._api_key
        key = given if isinstance(given, SecretStr) else await given()
        plain = key.get_secret_value()
        if not (plain.isascii() and plain.isprintable()):
            raise ModelAuthFailed(reason="The configured key has characters no key can have.")
        return key

    async def _connection(self) -> "OpenAIConnection":
        loop = asyncio.get_running_loop()
        if loop not in self._connections:
            connection_type = await asyncio.to_thread(_import_connection)
            if self._closed:
                raise ModelUnavailable(reason="The model is not called any more: we are stopping.")
            for ended in [each for each in self._connections if each.is_closed()]:
                del self._connections[ended]
            if loop not in self._connections:  # another call may have been faster
                self._connections[loop] = connection_type(self._base_url)
        return self._connections[loop]


def _import_connection() -> "type[OpenAIConnection]":
    from promptpilot.adapters.models.openai_connection import (  # noqa: PLC0415 - takes a moment
        OpenAIConnection,
    )

    return OpenAIConnection


async def _on_its_loop(loop: asyncio.AbstractEventLoop, connection: "OpenAIConnection") -> None:
    if loop is asyncio.get_running_loop():
        await connection.close()
    elif loop.is_running():
        closing = asyncio.run_coroutine_threadsafe(connection.close(), loop)
        with contextlib.suppress(TimeoutError):  # that loop has stopped meanwhile
            await asyncio.wait_for(asyncio.wrap_future(closing), CLOSE_SECONDS)
    else:
        await asyncio.to_thread(loop.run_until_complete, connection.close())


def _check(base_url: str, prefix: str) -> None:
    parts = urlsplit(base_url)
    if parts.username or parts.password:
        raise Invalid(reason=f"{prefix}: put the key into api_key, not into base_url")
    if parts.query or parts.fragment:
        raise Invalid(reason=f"{prefix}: base_url ends with a path, without a query or fragment")
