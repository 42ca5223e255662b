"""A model call, in our own words: what is asked, what comes back, what it costs."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from promptpilot.domain.base import NONE_OMITTED, OMITTED, Model
from promptpilot.domain.latency import Latency
from promptpilot.domain.message import MAX_TOOLS, Attachment, Message, Tool, ToolCall, Turn
from promptpilot.domain.model_profile import ModelProfile, ReasoningEffort
from promptpilot.domain.price import Price

ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+/\S{1,200}$")]
"""`vendor/model`: `local/smollm2-135m`, `custom/<connection>/<model>`, `openai/...`."""


StopSequence = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class Settings(Model):
    """How a model is to answer; what is None is left to the model, or has the default that its
    format requires (the longest answer of Anthropic's).

    `reasoning_effort` or `reasoning_tokens` says how much it may think before it answers, in the
    vendor's own measure; a model takes one of them, if any. With `drop_unsupported` a setting that
    the model does not take is left out of the call, and logged; otherwise it is refused on saving.
    """

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    stop: Annotated[tuple[StopSequence, ...], Field(max_length=4)] = ()
    seed: int | None = None
    reasoning_effort: Annotated[ReasoningEffort | None, OMITTED] = None
    reasoning_tokens: Annotated[Annotated[int, Field(ge=0, le=1_000_000)] | None, OMITTED] = None
    drop_unsupported: Annotated[bool, NONE_OMITTED] = False


class Usage(Model):
    """Tokens of one call. `input_tokens` includes those read from the vendor's cache and those
    written to it, `output_tokens` the reasoning ones.
    """

    input_tokens: Annotated[int, Field(ge=0)] = 0
    cached_tokens: Annotated[int, Field(ge=0)] = 0
    cache_write_tokens: Annotated[int, Field(ge=0), NONE_OMITTED] = 0
    output_tokens: Annotated[int, Field(ge=0)] = 0
    reasoning_tokens: Annotated[int, Field(ge=0)] = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
        )


class ModelRequest(Model):
    """One rendered request. `timeout` is in seconds and covers the whole call; so is
    `first_token_timeout`, within which an answer that is streamed has to begin.
    """

    model: ModelName
    messages: Annotated[tuple[Turn, ...], Field(min_length=1)]
    settings: Settings = Settings()
    output_schema: Mapping[str, Any] | None = None
    """JSON Schema that the answer must fit; None for free text."""
    tools: Annotated[tuple[Tool, ...], Field(max_length=MAX_TOOLS), NONE_OMITTED] = ()
    tool_choice: Annotated[Literal["none", "required"] | None, OMITTED] = None
    """Whether a tool must be called, or must not; None leaves that to the model."""
    timeout: Annotated[float, Field(gt=0)] = 60.0
    first_token_timeout: Annotated[Annotated[float, Field(gt=0)] | None, OMITTED] = None

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Everything that is attached to any message."""
        return tuple(
            each for turn in self.messages if isinstance(turn, Message) for each in turn.attachments
        )


class Completion(Model):
    """One answer. `usage` is None where the vendor did not say; `model` is the one that served.
    `time_to_first_token_ms` is known of an answer that was streamed.
    """

    text: str
    model: str
    finish_reason: str | None = None
    """`stop`, `length` (cut off), `tool_calls`, or whatever else the vendor says."""
    tool_calls: tuple[ToolCall, ...] = ()
    opaque: Any = None
    """See `CallTurn.opaque`."""
    usage: Usage | None = None
    time_to_first_token_ms: float | None = None


class ModelInfo(Model):
    """One line of the model catalogue. `price` is None where it is unknown, which is not the same
    as free.
    """

    id: str
    vendor: str
    available: bool
    reason: str | None = None
    """Why it is not available."""
    context_tokens: int | None = None
    price: Price | None = None
    profile: ModelProfile | None = None
    latency: Annotated[Latency | None, OMITTED] = None
    """What has been measured in the workspace that asks, if anything has."""
