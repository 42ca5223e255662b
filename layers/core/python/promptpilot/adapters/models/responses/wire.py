"""OpenAI's Responses API."""

from collections.abc import Mapping

from pydantic import SecretStr

from promptpilot.adapters.models.chat_completions.errors import openai_error
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.adapters.models.http.connections import Connections
from promptpilot.adapters.models.http.keys import KeySource, bearer
from promptpilot.adapters.models.http.wire import EVENT_STREAM, Call, Reply
from promptpilot.adapters.models.responses.reply import completion
from promptpilot.adapters.models.responses.request import request_body
from promptpilot.adapters.models.responses.stream import ResponseStream
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.ports.models import Attachments, OnText
from promptpilot.step_errors import ModelError

OPENAI_URL = "https://api.openai.com/v1"
PREFIX = "openai/"


class Responses:
    """The format, for a server whose models we call `prefix` and the server's own name."""

    stream_type = EVENT_STREAM

    def __init__(self, prefix: str = PREFIX) -> None:
        self._prefix = prefix

    def call(self, request: ModelRequest, attachments: Attachments, *, stream: bool) -> Call:
        """A POST to `responses`."""
        model = request.model.removeprefix(self._prefix)
        return Call("responses", request_body(request, model, attachments, stream=stream))

    def completion(self, reply: Reply, request: ModelRequest) -> Completion:
        """All that the model put out."""
        return completion(reply, request, self._prefix)

    def reader(self, request: ModelRequest, on_text: OnText) -> ResponseStream:
        """Reads events until the one that has the whole response."""
        return ResponseStream(on_text, request, self._prefix)

    def error(self, status: int, headers: Mapping[str, str], body: bytes, model: str) -> ModelError:
        """As in the older format."""
        return openai_error(status, headers, body, model)


def openai(
    api_key: SecretStr | KeySource, *, base_url: str = OPENAI_URL, prefix: str = PREFIX
) -> HttpModelClient:
    """OpenAI's models. Raises `Invalid` for a `base_url` that no path can be added to."""
    connections = Connections(base_url, name=prefix)
    return HttpModelClient(connections, Responses(prefix), bearer(api_key))
