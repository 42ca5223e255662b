"""What is said to a model and what it says: the turns of a conversation."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from promptpilot.domain.base import NONE_OMITTED, Model
from promptpilot.domain.json_value import JsonValue

MAX_CHARACTERS = 1_000_000
MAX_ATTACHMENTS = 20

MediaType = Literal[
    "image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf", "text/plain"
]
"""What can be attached to a message; not every model takes every one."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]
"""What every vendor takes as the name of a function."""


ANY_ARGUMENTS: Mapping[str, JsonValue] = {"type": "object"}

MAX_TOOLS = 64


FileName = Annotated[str, Field(min_length=1, max_length=200)]


class Attachment(Model):
    """An image or a document that belongs to a message: the digest of its blob, what it is, and
    the name that a model is told.
    """

    blob: Digest
    media_type: MediaType
    name: FileName | None = None

    @property
    def is_image(self) -> bool:
        """Whether it is to be looked at rather than read."""
        return self.media_type.startswith("image/")


class Message(Model):
    """One turn of a conversation. Attachments come before the text."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[str, Field(max_length=MAX_CHARACTERS)]
    attachments: Annotated[
        tuple[Attachment, ...], Field(max_length=MAX_ATTACHMENTS), NONE_OMITTED
    ] = ()


class Tool(Model):
    """A function that a model may ask for; `parameters` is the JSON Schema of its arguments."""

    name: ToolName
    description: Annotated[str, Field(max_length=4_000)] = ""
    parameters: Mapping[str, JsonValue] = ANY_ARGUMENTS


class ToolCall(Model):
    """A model asks for a function. `id` pairs it with its result. Arguments that are no JSON object
    are an empty one here, with what the model wrote in `malformed`.
    """

    id: str
    name: str
    arguments: Mapping[str, JsonValue] = {}
    malformed: str | None = None


class CallTurn(Model):
    """A model's turn that asks for functions, to be sent back with their results.

    `opaque` is what the vendor wants back unchanged (signed reasoning and the like).
    """

    role: Literal["assistant"] = "assistant"
    content: str = ""
    tool_calls: Annotated[tuple[ToolCall, ...], Field(min_length=1)]
    opaque: Any = None


class ResultTurn(Model):
    """The result of one call, as text; `failed` where it is what went wrong."""

    role: Literal["tool"] = "tool"
    call_id: str
    name: str
    content: str
    failed: bool = False


Turn = Message | CallTurn | ResultTurn
"""All that a request may consist of."""


def unique_tools(tools: tuple[Tool, ...]) -> tuple[Tool, ...]:
    """Refuses two tools of one name."""
    names = [tool.name for tool in tools]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"declared more than once: {', '.join(twice)}")
    return tools


Tools = Annotated[tuple[Tool, ...], Field(max_length=MAX_TOOLS), AfterValidator(unique_tools)]
"""The tools that a prompt declares."""
