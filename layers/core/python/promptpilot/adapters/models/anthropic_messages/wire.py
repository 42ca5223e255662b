"""Anthropic's models, in the format of its Messages API."""

from collections.abc import Mapping

from pydantic import SecretStr

from promptpilot.adapters.models.anthropic_messages.errors import anthropic_error
from promptpilot.adapters.models.anthropic_messages.reply import completion
from promptpilot.adapters.models.anthropic_messages.request import request_body, samples
from promptpilot.adapters.models.anthropic_messages.stream import MessageStream
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.adapters.models.http.connections import Connections
from promptpilot.adapters.models.http.keys import KeySource, key_header
from promptpilot.adapters.models.http.wire import EVENT_STREAM, Call, Reply
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.ports.models import Attachments, OnText
from promptpilot.step_errors import ModelError

BASE_URL = "https://api.anthropic.com"

API_VERSION = "2026-10-21"
SAMPLING_VERSION = "2023-06-01"
"""The version before: `temperature` and `top_p` are no part of the API since (Anthropic's page
on versions), and models that still take them do in this version alone."""


class AnthropicMessages:
    """The format, for a server whose models we call `prefix` and the server's own name."""

    stream_type = EVENT_STREAM

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def call(self, request: ModelRequest, attachments: Attachments, *, stream: bool) -> Call:
        """A POST to `v1/messages`, in the version of the API that has all of the settings."""
        model = request.model.removeprefix(self._prefix)
        version = SAMPLING_VERSION if samples(request.settings) else API_VERSION
        return Call(
            "v1/messages",
            request_body(request, model, attachments, stream=stream),
            {"anthropic-version": version},
        )

    def completion(self, reply: Reply, request: ModelRequest) -> Completion:
        """The message."""
        return completion(reply, asked=request.model, prefix=self._prefix)

    def reader(self, request: ModelRequest, on_text: OnText) -> MessageStream:
        """Reads events until `message_stop`."""
        return MessageStream(on_text, asked=request.model, prefix=self._prefix)

    def error(self, status: int, headers: Mapping[str, str], body: bytes, model: str) -> ModelError:
        """By the error's type, or else the status."""
        return anthropic_error(status, headers, body, model)


def anthropic(
    key: SecretStr | KeySource, *, base_url: str = BASE_URL, prefix: str = "anthropic/"
) -> HttpModelClient:
    """Anthropic's models, or those of another server that speaks its format at `base_url`. Raises
    `Invalid` for one that no path can be added to.
    """
    connections = Connections(base_url, name=prefix)
    return HttpModelClient(connections, AnthropicMessages(prefix), key_header(key, "x-api-key"))
