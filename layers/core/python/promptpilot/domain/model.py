"""A model call, in our own words: what is asked, what comes back, what it costs."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from promptpilot.domain.base import Model

ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+/\S{1,200}$")]
"""`vendor/model`: `local/smollm2-135m`, `custom/<connection>/<model>`, `openai/...`."""


class Message(Model):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[str, Field(max_length=1_000_000)]


StopSequence = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class Settings(Model):
    """How a model is to answer; what is None is left to the model."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    stop: Annotated[tuple[StopSequence, ...], Field(max_length=4)] = ()
    seed: int | None = None


class Usage(Model):
    """Tokens of one call. `input_tokens` includes the cached ones, `output_tokens` the reasoning
    ones.
    """

    input_tokens: Annotated[int, Field(ge=0)] = 0
    cached_tokens: Annotated[int, Field(ge=0)] = 0
    output_tokens: Annotated[int, Field(ge=0)] = 0
    reasoning_tokens: Annotated[int, Field(ge=0)] = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
        )


class ModelRequest(Model):
    """One rendered request. `timeout` is in seconds and covers the whole call."""

    model: ModelName
    messages: Annotated[tuple[Message, ...], Field(min_length=1)]
    settings: Settings = Settings()
    output_schema: Mapping[str, Any] | None = None
    """JSON Schema that the answer must fit; None for free text."""
    timeout: Annotated[float, Field(gt=0)] = 60.0


class Completion(Model):
    """One answer. `usage` is None where the vendor did not say; `model` is the one that served.
    `time_to_first_token_ms` is known of an answer that was streamed.
    """

    text: str
    model: str
    finish_reason: str | None = None
    usage: Usage | None = None
    time_to_first_token_ms: float | None = None


class Price(Model):
    """US dollars per million tokens, and when the price was looked up (ISO date)."""

    input_per_million: float
    cached_per_million: float | None = None
    output_per_million: float
    as_of: str


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
