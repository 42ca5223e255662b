"""Servers that speak OpenAI's Chat Completions."""

from collections.abc import Mapping

from pydantic import SecretStr

from promptpilot.adapters.models.chat_completions.errors import openai_error
from promptpilot.adapters.models.chat_completions.reply import completion
from promptpilot.adapters.models.chat_completions.request import request_body
from promptpilot.adapters.models.chat_completions.stream import ChatStream
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.adapters.models.http.connections import Connections
from promptpilot.adapters.models.http.keys import KeySource, bearer
from promptpilot.adapters.models.http.wire import EVENT_STREAM, Call, Reply
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.ports.models import Attachments, OnText
from promptpilot.step_errors import ModelError


class ChatCompletions:
    """The format, for a server whose models we call `prefix` and the server's own name."""

    stream_type = EVENT_STREAM

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def call(self, request: ModelRequest, attachments: Attachments, *, stream: bool) -> Call:
        """A POST to `chat/completions`."""
        model = request.model.removeprefix(self._prefix)
        return Call("chat/completions", request_body(request, model, attachments, stream=stream))

    def completion(self, reply: Reply, request: ModelRequest) -> Completion:
        """The first choice."""
        return completion(reply, request, self._prefix)

    def reader(self, request: ModelRequest, on_text: OnText) -> ChatStream:
        """Reads chunks until `[DONE]`."""
        return ChatStream(on_text, request, self._prefix)

    def error(self, status: int, headers: Mapping[str, str], body: bytes, model: str) -> ModelError:
        """By the code, or else the status, or what the words are about."""
        return openai_error(status, headers, body, model)


def openai_compatible(
    base_url: str, api_key: SecretStr | KeySource, *, prefix: str
) -> HttpModelClient:
    """The models of one server. Raises `Invalid` for a `base_url` that no path can be added to."""
    connections = Connections(base_url, name=prefix)
    return HttpModelClient(connections, ChatCompletions(prefix), bearer(api_key))
