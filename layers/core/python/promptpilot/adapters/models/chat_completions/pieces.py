"""What Chat Completions answer: a whole answer, or one piece of a stream."""

from typing import Annotated, Any

from pydantic import WrapValidator

from promptpilot.adapters.models.http.replies import Count, Part, none_unless_valid
from promptpilot.domain.model import Usage


class _InputDetails(Part):
    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None


class _OutputDetails(Part):
    reasoning_tokens: Count | None = None


class _Usage(Part):
    prompt_tokens: Count
    completion_tokens: Count
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


class _Function(Part):
    name: str | None = None
    arguments: Any = None


class CallPiece(Part):
    """A call of a function, or a piece of one."""

    index: int | None = None
    id: str | None = None
    function: _Function = _Function()
    extra_content: Any = None


class Said(Part):
    """A message, or a piece of one."""

    content: str | None = None
    refusal: str | None = None
    tool_calls: tuple[CallPiece, ...] | None = None
    reasoning: Annotated[str | None, WrapValidator(none_unless_valid)] = None
    reasoning_content: Annotated[str | None, WrapValidator(none_unless_valid)] = None
    reasoning_details: Annotated[list[Any] | None, WrapValidator(none_unless_valid)] = None

    @property
    def reasoning_fields(self) -> dict[str, Any]:
        """What there is of reasoning, which servers tell in fields of their own."""
        names = ("reasoning", "reasoning_content", "reasoning_details")
        return {name: value for name in names if (value := getattr(self, name))}


class _Choice(Part):
    message: Said
    finish_reason: str | None = None


class _DeltaChoice(Part):
    delta: Said = Said()
    finish_reason: str | None = None


class Delta(Part):
    """One piece of an answer that is streamed."""

    choices: tuple[_DeltaChoice, ...] = ()
    error: Any = None
    model: str | None = None
    usage: Annotated[_Usage | None, WrapValidator(none_unless_valid)] = None


class Whole(Part):
    """An answer that comes whole."""

    choices: tuple[_Choice, ...] = ()
    error: Any = None
    model: str | None = None
    usage: Annotated[_Usage | None, WrapValidator(none_unless_valid)] = None


def usage_of(usage: _Usage | None) -> Usage | None:
    """What a server says it has used, in our words; None where a part is more than the whole."""
    if usage is None:
        return None
    asked, answered = usage.prompt_tokens_details, usage.completion_tokens_details
    cached = (asked and asked.cached_tokens) or 0
    written = (asked and asked.cache_write_tokens) or 0
    reasoning = (answered and answered.reasoning_tokens) or 0
    if cached + written > usage.prompt_tokens or reasoning > usage.completion_tokens:
        return None
    return Usage(
        input_tokens=usage.prompt_tokens,
        cached_tokens=cached,
        cache_write_tokens=written,
        output_tokens=usage.completion_tokens,
        reasoning_tokens=reasoning,
    )
