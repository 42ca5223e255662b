"""A message of Anthropic's as our completion, be it whole or from a stream."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import ConfigDict, WrapValidator, model_validator
from pydantic_core import to_json

from promptpilot.adapters.models.anthropic_messages.kept_content import keep
from promptpilot.adapters.models.http.replies import Count, Part, none_unless_valid, served_model
from promptpilot.adapters.models.http.status_errors import CODE
from promptpilot.adapters.models.http.written_calls import is_sound
from promptpilot.domain.message import ToolCall
from promptpilot.domain.model import Completion, Usage
from promptpilot.step_errors import ModelRefused

_FINISHED = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
}
"""Of Anthropic's reasons to stop; the rest, like `pause_turn`, stay as they are. An answer that has
filled the model's context is valid, and cut off there ("Handling stop reasons")."""

TEXT = "text"
"""The kind of block that is what a model answers."""

_REFUSAL = "refusal"


class ContentBlock(Part):
    """A part of an answer: text, thinking, a call. All of it is kept, as it may have to go back."""

    model_config = ConfigDict(extra="allow")

    type: str
    text: str = ""
    id: str | None = None
    name: str | None = None
    input: Any = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.type == "tool_use" and (self.id is None or self.name is None):
            raise ValueError("a call has an id and a name")
        return self

    def as_told(self) -> dict[str, Any]:
        """The block as it came."""
        return self.model_dump(exclude_unset=True)


class _OutputDetails(Part):
    thinking_tokens: Count | None = None


class TokenUsage(Part):
    """What a message has used; in a stream what it has used so far, where that has changed."""

    input_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None
    output_tokens: Count
    output_tokens_details: _OutputDetails | None = None

    def as_ours(self) -> Usage | None:
        """All of the input is the sum of what is neither read from the cache nor written to it, and
        of both (`usage` in the API reference); None where it is not told.
        """
        if self.input_tokens is None:
            return None
        read, written = self.cache_read_input_tokens or 0, self.cache_creation_input_tokens or 0
        details = self.output_tokens_details
        return Usage(
            input_tokens=self.input_tokens + read + written,
            cached_tokens=read,
            cache_write_tokens=written,
            output_tokens=self.output_tokens,
            reasoning_tokens=(details and details.thinking_tokens) or 0,
        )


SoundUsage = Annotated[TokenUsage | None, WrapValidator(none_unless_valid)]


class _StopDetails(Part):
    category: str | None = None


class Stop(Part):
    """Why an answer ended."""

    stop_reason: str | None = None
    stop_details: Annotated[_StopDetails | None, WrapValidator(none_unless_valid)] = None


def completion_of(
    content: Sequence[ContentBlock],
    stop: Stop,
    *,
    usage: TokenUsage | None,
    model: str | None,
    asked: str,
    prefix: str,
    first_ms: float | None = None,
) -> Completion:
    """The completion that the content of one message makes. Raises `ModelRefused` where the model
    or a classifier declined, naming the category where one is told.
    """
    if stop.stop_reason == _REFUSAL:
        raise _refused(stop)
    return Completion(
        text="".join(block.text for block in content if block.type == TEXT),
        model=served_model(model, asked=asked, prefix=prefix),
        finish_reason=_FINISHED.get(stop.stop_reason or "", stop.stop_reason),
        tool_calls=tuple(_tool_call(block) for block in content if block.type == "tool_use"),
        opaque=keep([block.as_told() for block in content], asked),
        usage=usage.as_ours() if usage else None,
        time_to_first_token_ms=first_ms,
    )


def _refused(stop: Stop) -> ModelRefused:
    category = (stop.stop_details and stop.stop_details.category) or ""
    if not CODE.fullmatch(category):
        return ModelRefused()
    return ModelRefused(reason=f"The model declined to answer ({category}).")


def _tool_call(block: ContentBlock) -> ToolCall:
    given, call = block.input, {"id": block.id, "name": block.name}
    if is_sound(given):
        return ToolCall(**call, arguments=given)
    written = given if isinstance(given, str) else to_json(given).decode()
    return ToolCall(**call, malformed=written)
