"""A reply of OpenAI's Chat Completions as our completion."""

from typing import Annotated, Any

from pydantic import Field, WrapValidator

from promptpilot.adapters.models.http.replies import (
    Part,
    none_unless_valid,
    read_reply,
    served_model,
)
from promptpilot.adapters.models.http.wire import Reply
from promptpilot.domain.model import Completion, Usage
from promptpilot.step_errors import ModelRefused, ModelUnavailable

_Count = Annotated[int, Field(strict=True, ge=0, lt=2**53)]


class _InputDetails(Part):
    cached_tokens: _Count | None = None


class _OutputDetails(Part):
    reasoning_tokens: _Count | None = None


class _Usage(Part):
    prompt_tokens: _Count
    completion_tokens: _Count
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


class _Text(Part):
    content: str | None = None
    refusal: str | None = None


class _Choice(Part):
    message: _Text
    finish_reason: str | None = None


class _DeltaChoice(Part):
    delta: _Text = _Text()
    finish_reason: str | None = None


class Delta(Part):
    """One piece of a reply that is streamed."""

    choices: tuple[_DeltaChoice, ...] = ()
    error: Any = None
    model: str | None = None
    usage: Annotated[_Usage | None, WrapValidator(none_unless_valid)] = None


class _Reply(Part):
    choices: tuple[_Choice, ...] = ()
    error: Any = None
    model: str | None = None
    usage: Annotated[_Usage | None, WrapValidator(none_unless_valid)] = None


def completion(reply: Reply, *, asked: str, prefix: str) -> Completion:
    """The completion that a successful reply holds. `asked` is the model that was asked,
    `prefix` what our names of this server's models begin with.

    Raises `ModelUnavailable` for a reply that is no answer, `ModelRefused` where the model or a
    content filter declined.
    """
    told = read_reply(_Reply, reply, "a chat completion")
    text, finish_reason = _answer(told)
    return Completion(
        text=text,
        model=served_model(told.model, asked=asked, prefix=prefix),
        finish_reason=finish_reason,
        usage=usage_of(told.usage),
    )


def _answer(reply: _Reply) -> tuple[str, str | None]:
    if not reply.choices:
        what = "no choices" if reply.error is None else "an error in place of a completion"
        raise ModelUnavailable(reason=f"The model's server answered with {what}.")
    choice = reply.choices[0]
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise ModelRefused
    if choice.message.content is None:
        raise ModelUnavailable(reason="The model's server answered without any text.")
    return choice.message.content, choice.finish_reason


def usage_of(usage: _Usage | None) -> Usage | None:
    """What a server says it has used, in our words."""
    if usage is None:
        return None
    input_details, output_details = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        input_tokens=usage.prompt_tokens,
        cached_tokens=(input_details and input_details.cached_tokens) or 0,
        output_tokens=usage.completion_tokens,
        reasoning_tokens=(output_details and output_details.reasoning_tokens) or 0,
    )
