"""What one vendor's API looks like over HTTP: all that differs between them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.ports.models import Attachments, OnText
from promptpilot.step_errors import ModelError

EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it goes out: the path below the server's base URL, the body (JSON), and the
    headers that this API wants beside those that say who calls.
    """

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer as it came; None for the body where a stream was taken as it came."""

    content_type: str
    body: bytes | None


Authorize = Callable[[str, Call], Awaitable[Mapping[str, str]]]
"""The headers that say who calls, for a URL and what goes there. Raises a `ModelError`."""


class StreamReader(Protocol):
    """Reads the stream of one call, which begins with it."""

    @property
    def begun(self) -> bool:
        """Whether the answer itself has begun: text, reasoning, or the call of a tool."""
        ...

    def take(self, piece: bytes) -> bool:
        """Read on; True once the server has said that it is done. Raises a `ModelError`."""
        ...

    def completion(self) -> Completion:
        """The whole, once the stream has ended. Raises `ModelUnavailable` where it ended early."""
        ...


class Wire(Protocol):
    """Our requests in a vendor's format, and its answers in ours. Pure: it sends nothing."""

    @property
    def stream_type(self) -> str:
        """The media type of an answer that is streamed."""
        ...

    def call(self, request: ModelRequest, attachments: Attachments, *, stream: bool) -> Call:
        """What asks for an answer. Raises `ModelRejectedRequest` for what the format cannot say."""
        ...

    def completion(self, reply: Reply, request: ModelRequest) -> Completion:
        """The completion that a whole answer holds. Raises `ModelUnavailable` for what is no
        answer, `ModelRefused` where the model or a filter declined.
        """
        ...

    def reader(self, request: ModelRequest, on_text: OnText) -> StreamReader:
        """Reads the stream of an answer to `request`."""
        ...

    def error(self, status: int, headers: Mapping[str, str], body: bytes, model: str) -> ModelError:
        """The error for a status that is no success. It has the status and the vendor's codes,
        never its words: they may quote the key or the prompt.
        """
        ...
