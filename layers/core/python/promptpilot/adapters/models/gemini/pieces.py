"""What Gemini answers (`GenerateContentResponse`): a whole answer, or one piece of a stream."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, RootModel, WrapValidator
from pydantic.alias_generators import to_camel

from promptpilot.adapters.models.http.replies import Count, Part, none_unless_valid
from promptpilot.domain.model import Usage


class _Camel(Part):
    model_config = ConfigDict(alias_generator=to_camel)


class FunctionCall(_Camel):
    """A call of a function; Gemini does not give every one an `id`."""

    id: str | None = None
    name: str
    args: Any = None


class AnswerPart(_Camel):
    """One part of an answer: text, or a call. A `thought` is no part of what is answered."""

    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    function_call: FunctionCall | None = None


class _Content(_Camel):
    parts: tuple[AnswerPart, ...] = ()


class _Candidate(_Camel):
    content: _Content = _Content()
    finish_reason: str | None = None


class _Feedback(_Camel):
    block_reason: str | None = None


class _Usage(_Camel):
    prompt_token_count: Count
    tool_use_prompt_token_count: Count = 0
    cached_content_token_count: Count = 0
    candidates_token_count: Count | None = None
    thoughts_token_count: Count = 0
    total_token_count: Count | None = None


class Piece(_Camel):
    """An answer or one piece of it. Only the first candidate is asked for."""

    candidates: tuple[_Candidate, ...] = ()
    prompt_feedback: _Feedback | None = None
    usage_metadata: Annotated[_Usage | None, WrapValidator(none_unless_valid)] = None
    model_version: str | None = None
    error: Any = None


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class Pieces(RootModel[Annotated[tuple[Piece, ...], BeforeValidator(_listed)]]):
    """A whole reply: one answer, or in a list the pieces of one."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, defer_build=True)


def usage_of(usage: _Usage | None) -> Usage | None:
    """What Gemini says it has used, in our words; None where it does not say all of it.

    It counts thoughts beside the answer, and what its own tools read beside the prompt; a count
    that is 0 it may leave out, as the total then shows.
    """
    if usage is None:
        return None
    asked = usage.prompt_token_count + usage.tool_use_prompt_token_count
    answered = usage.candidates_token_count
    if answered is None and usage.total_token_count == asked + usage.thoughts_token_count:
        answered = 0
    if answered is None or usage.cached_content_token_count > asked:
        return None
    return Usage(
        input_tokens=asked,
        cached_tokens=usage.cached_content_token_count,
        output_tokens=answered + usage.thoughts_token_count,
        reasoning_tokens=usage.thoughts_token_count,
    )
