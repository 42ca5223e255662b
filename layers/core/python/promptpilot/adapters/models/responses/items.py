"""What the Responses API answers: an object whose output is a list of items."""

from typing import Annotated, Any

from pydantic import ConfigDict, WrapValidator

from promptpilot.adapters.models.http.replies import Count, Part, none_unless_valid
from promptpilot.domain.model import Usage


class _Kept(Part):
    """With all that a server adds, since it may have to come back."""

    model_config = ConfigDict(extra="allow")


class _Content(_Kept):
    type: str
    text: str | None = None
    refusal: str | None = None


class Item(_Kept):
    """A message, reasoning, or the call of a function."""

    type: str
    content: tuple[_Content, ...] | None = None
    call_id: str | None = None
    name: str = ""
    arguments: Any = None
    encrypted_content: str | None = None

    @property
    def text(self) -> str:
        """What a message says; empty for all else."""
        if self.type != "message":
            return ""
        return "".join(each.text or "" for each in self._contents("output_text"))

    @property
    def refuses(self) -> bool:
        """Whether it is a message in which the model declines."""
        return self.type == "message" and any(self._contents("refusal"))

    def _contents(self, kind: str) -> list[_Content]:
        return [each for each in self.content or () if each.type == kind]


class _InputDetails(Part):
    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None


class _OutputDetails(Part):
    reasoning_tokens: Count | None = None


class _Usage(Part):
    input_tokens: Count
    output_tokens: Count
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _Incomplete(Part):
    reason: str | None = None


class Response(Part):
    """A whole answer, or how far one came."""

    status: str | None = None
    error: Any = None
    incomplete_details: _Incomplete | None = None
    output: tuple[Item, ...] = ()
    model: str | None = None
    usage: Annotated[_Usage | None, WrapValidator(none_unless_valid)] = None


def usage_of(usage: _Usage | None) -> Usage | None:
    """What a server says it has used, in our words; None where it cannot be so."""
    if usage is None:
        return None
    asked, answered = usage.input_tokens_details, usage.output_tokens_details
    told = Usage(
        input_tokens=usage.input_tokens,
        cached_tokens=(asked and asked.cached_tokens) or 0,
        cache_write_tokens=(asked and asked.cache_write_tokens) or 0,
        output_tokens=usage.output_tokens,
        reasoning_tokens=(answered and answered.reasoning_tokens) or 0,
    )
    return told if is_sound(told) else None


def is_sound(usage: Usage) -> bool:
    """Whether no part is more than the whole."""
    return (
        usage.cached_tokens + usage.cache_write_tokens <= usage.input_tokens
        and usage.reasoning_tokens <= usage.output_tokens
    )
