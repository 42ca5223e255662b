"""The model that ships: whoever runs it tells where it listens, the rest is OpenAI's format."""

import asyncio
import threading
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from promptpilot.adapters.models.chat_completions.wire import openai_compatible
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.ports.models import NO_ATTACHMENTS, Attachments, OnText
from promptpilot.step_errors import ModelTimeout

LOCAL_VENDOR = "local"
LOCAL_MODEL = "smollm2-135m"
LOCAL_CONTEXT_TOKENS = 2048
"""Of one call: prompt and answer together."""


@dataclass(frozen=True, slots=True)
class LocalEndpoint:
    """Where the running model listens, and the key that it wants."""

    base_url: str
    api_key: SecretStr


class LocalServer(Protocol):
    """Runs the model that ships, and runs it again when it dies."""

    @property
    def unavailable_reason(self) -> str | None:
        """Why it cannot be called right now; None when it can."""
        ...

    async def endpoint(self) -> LocalEndpoint:
        """Where it runs, as soon as it does. Raises `ModelUnavailable` where it cannot start."""
        ...


class LocalClient:
    """`ModelClient` of the model that ships. A call that comes while it starts waits for it."""

    def __init__(self, server: LocalServer) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._current: tuple[LocalEndpoint, HttpModelClient] | None = None

    async def complete(
        self,
        request: ModelRequest,
        *,
        on_text: OnText | None = None,
        attachments: Attachments = NO_ATTACHMENTS,
    ) -> Completion:
        """One answer, within `request.timeout` seconds, waiting included; with `on_text` streamed.
        Raises a `ModelError`.
        """
        try:
            async with asyncio.timeout(request.timeout):
                client = await self._client(await self._server.endpoint())
                return await client.answer(request, on_text, attachments)
        except TimeoutError as error:
            raise ModelTimeout(reason=f"No answer within {request.timeout:g} seconds.") from error

    async def close(self) -> None:
        """Close the connections to the model; the model itself is its server's business."""
        with self._lock:
            current, self._current = self._current, None
        if current is not None:
            await current[1].close()

    async def _client(self, endpoint: LocalEndpoint) -> HttpModelClient:
        """The client for the model's present life; the one for a former life is closed."""
        with self._lock:
            former = self._current
            if former is not None and former[0] == endpoint:
                return former[1]
            client = openai_compatible(
                endpoint.base_url, endpoint.api_key, prefix=f"{LOCAL_VENDOR}/"
            )
            self._current = endpoint, client
        if former is not None:
            await former[1].close()
        return client
