"""Google's Gemini API: `generateContent`."""

from collections.abc import Mapping
from urllib.parse import quote

from pydantic import SecretStr

from promptpilot.adapters.models.gemini.errors import google_error
from promptpilot.adapters.models.gemini.reply import completion
from promptpilot.adapters.models.gemini.request import request_body
from promptpilot.adapters.models.gemini.stream import GeminiStream
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.adapters.models.http.connections import Connections
from promptpilot.adapters.models.http.keys import KeySource, key_header
from promptpilot.adapters.models.http.wire import EVENT_STREAM, Call, Reply
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.ports.models import Attachments, OnText
from promptpilot.step_errors import ModelError

GEMINI_URL = "https://generativelanguage.googleapis.com"
PREFIX = "google/"

API_VERSION = "v1beta"
"""google-genai 3 defaults to `v1` and sends the same bodies there, but `v1` has long refused
`systemInstruction` and `tools` as unknown, and does not know the names that follow the newest
model (`gemini-flash-latest`), which its own notes on version 3 say. `v1beta` knows all of it.
"""

_COLLECTIONS = frozenset({"models", "tunedModels"})


class Gemini:
    """The format, for a server whose models we call `prefix` and the server's own name."""

    stream_type = EVENT_STREAM

    def __init__(self, prefix: str = PREFIX) -> None:
        self._prefix = prefix

    def call(self, request: ModelRequest, attachments: Attachments, *, stream: bool) -> Call:
        """A POST to the method of that model."""
        model = request.model.removeprefix(self._prefix)
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return Call(
            f"{API_VERSION}/{_resource(model)}:{method}", request_body(request, model, attachments)
        )

    def completion(self, reply: Reply, request: ModelRequest) -> Completion:
        """The first candidate."""
        return completion(reply, request, self._prefix)

    def reader(self, request: ModelRequest, on_text: OnText) -> GeminiStream:
        """Reads pieces until the connection ends, the last of which says why."""
        return GeminiStream(on_text, request, self._prefix)

    def error(self, status: int, headers: Mapping[str, str], body: bytes, model: str) -> ModelError:
        """By the canonical code (`RESOURCE_EXHAUSTED`), or else the HTTP status."""
        return google_error(status, headers, body, model)


def gemini(
    api_key: SecretStr | KeySource, *, base_url: str = GEMINI_URL, prefix: str = PREFIX
) -> HttpModelClient:
    """Google's models. Raises `Invalid` for a `base_url` that no path can be added to."""
    connections = Connections(base_url, name=prefix)
    return HttpModelClient(connections, Gemini(prefix), key_header(api_key, "x-goog-api-key"))


def _resource(model: str) -> str:
    """The model's place below the API version. Whatever its name is, it is one segment of a path,
    and never `..`, since the method follows it there.
    """
    collection, slash, name = model.partition("/")
    if not slash or collection not in _COLLECTIONS:
        collection, name = "models", model
    return f"{collection}/{quote(name, safe='')}"
