"""What a scripted server of one vendor can say, in words that are no vendor's.

One suite (`tests/contract/test_model_wires.py`) asks every adapter for the same, and a dialect says
how that looks on the wire. A dialect is written from the vendor's documentation, not with the
adapter's code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.domain.message import ToolCall
from promptpilot.domain.model import Settings, Usage
from tests.scripted_openai import Received

USAGE = Usage(input_tokens=12, cached_tokens=4, output_tokens=7, reasoning_tokens=2)

Failure = Literal[
    "rate_limited",
    "overloaded",
    "server_error",
    "wrong_key",
    "no_such_model",
    "context_too_long",
    "bad_request",
]


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said. `usage` None: the vendor does not tell. `refused`: the model, or
    a filter of the vendor's, declined, by the vendor's own means.
    """

    text: str = "Hello."
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = USAGE
    finish: Literal["stop", "length", "tool_calls"] = "stop"
    refused: bool = False
    reasoning: str = ""
    model: str = "served-model"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the server reads it. `system` is all of the system's text, by line feeds;
    `turns` are (role, text) of the others in order, tool results as ("tool", text); `attached` are
    (media type, contents); `tools` by name their JSON Schemas; `settings` what was set, by our
    names; `results` the ids of the calls that tool results answer.
    """

    model: str
    system: str
    turns: tuple[tuple[str, str], ...]
    settings: Mapping[str, Any]
    attached: tuple[tuple[str, bytes], ...] = ()
    tools: Mapping[str, Mapping[str, Any]] | None = None
    tool_choice: str | None = None
    results: tuple[str, ...] = ()
    output_schema: Mapping[str, Any] | None = None
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Traits:
    """What not every vendor's format can say.

    `settings` by our names, those that it has: others the client refuses. `usage` is an example
    with all counts that it tells. `kept` is a text in what an answer with reasoning and calls is to
    be sent back with, in the request with the results. `written` says of an answer that comes
    whole, and of one that is streamed, whether arguments are text there, which may be no JSON.
    """

    settings: frozenset[str]
    usage: Usage
    kept: str
    written: tuple[bool, bool]


ALL_SETTINGS = frozenset(Settings.model_fields) - {"drop_unsupported"}


class Dialect(Protocol):
    """One vendor's wire format, from the server's side."""

    traits: Traits

    model: str
    """Our name of a model that can do everything (`openai/gpt-test`)."""
    key: str
    """What the client is made with; no request may tell it but in the vendor's own header."""
    stream_type: str
    """The content type of a stream."""

    def client(self, base_url: str) -> HttpModelClient:
        """A client of the server there, which calls with `key`."""
        ...

    def whole(self, said: Said) -> bytes:
        """The body of an answer that comes whole."""
        ...

    def streamed(self, said: Said, pieces: tuple[str, ...]) -> list[bytes]:
        """The frames of the same answer as a stream, the text cut into `pieces`; the last frame is
        the one that says it is complete.
        """
        ...

    def failure(self, failure: Failure) -> tuple[int, bytes]:
        """The status and the body by which the vendor says so. Its words quote the secret
        "the prompt said XYZZY", as vendors quote prompts.
        """
        ...

    def stream_failure(self, failure: Failure) -> bytes:
        """The frame by which the vendor says so once a stream has begun."""
        ...

    def asked(self, received: Received) -> Asked:
        """What a request asks for. Fails where it is not as the vendor documents it."""
        ...

    def presented_key(self, received: Received) -> str:
        """The key that the request was made with."""
        ...
