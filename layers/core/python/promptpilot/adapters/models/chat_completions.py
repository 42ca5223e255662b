"""The wire format of OpenAI's Chat Completions: our request as its body, its reply as our
completion.
"""

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import to_json

from promptpilot.domain.model import Completion, ModelRequest, Usage
from promptpilot.step_errors import ModelRefused, ModelUnavailable

MAX_MODEL_NAME = 200
_SCHEMA_NAME = "output"


def request_body(request: ModelRequest, model: str, *, stream: bool = False) -> bytes:
    """The JSON body that asks `model` (the server's own name for it). Only settings that are set
    are in it.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": each.role, "content": each.content} for each in request.messages],
    }
    if request.settings.model_fields_set:
        body |= request.settings.model_dump(exclude_defaults=True)
    if request.output_schema is not None:
        schema = {"name": _SCHEMA_NAME, "schema": request.output_schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return to_json(body)


class _Part(BaseModel):
    """A part of a reply; what a server adds beyond the format is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


_Count = Annotated[int, Field(strict=True, ge=0, lt=2**53)]


class _InputDetails(_Part):
    cached_tokens: _Count | None = None


class _OutputDetails(_Part):
    reasoning_tokens: _Count | None = None


class _Usage(_Part):
    prompt_tokens: _Count
    completion_tokens: _Count
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


def _none_unless_valid(value: Any, validate: ValidatorFunctionWrapHandler) -> _Usage | None:
    """An answer is worth having without its token counts; wrong counts are worth nothing."""
    try:
        usage: _Usage | None = validate(value)
    except ValidationError:
        return None
    return usage


class _Text(_Part):
    content: str | None = None
    refusal: str | None = None


class _Choice(_Part):
    message: _Text
    finish_reason: str | None = None


class _DeltaChoice(_Part):
    delta: _Text = _Text()
    finish_reason: str | None = None


class Delta(_Part):
    """One piece of a reply that is streamed."""

    choices: tuple[_DeltaChoice, ...] = ()
    error: Any = None
    model: str | None = None
    usage: Annotated[_Usage | None, WrapValidator(_none_unless_valid)] = None


class _Reply(_Part):
    choices: tuple[_Choice, ...] = ()
    error: Any = None
    model: str | None = None
    usage: Annotated[_Usage | None, WrapValidator(_none_unless_valid)] = None


def completion(content_type: str, body: bytes, *, asked: str, prefix: str) -> Completion:
    """The completion that a successful reply holds. `asked` is the model that was asked,
    `prefix` what our names of this server's models begin with.

    Raises `ModelUnavailable` for a reply that is no answer, `ModelRefused` where the model or a
    content filter declined.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if not media_type.endswith("json"):
        raise ModelUnavailable(
            reason="The model's server answered with something that is not JSON."
        )
    try:
        reply = _Reply.model_validate_json(body)
    except ValidationError as error:
        raise ModelUnavailable(reason=_what_is_wrong(error)) from error
    text, finish_reason = _answer(reply)
    return Completion(
        text=text,
        model=served_model(reply.model, asked=asked, prefix=prefix),
        finish_reason=finish_reason,
        usage=usage_of(reply.usage),
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


def _what_is_wrong(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return "The model's server answered with broken JSON."
    place = ".".join(str(part) for part in first["loc"]) or "the top"
    return f"The model's server answered with something else than a chat completion, at {place}."


def served_model(told: str | None, *, asked: str, prefix: str) -> str:
    """Our name of the model that a server says it has used; where it does not, the one asked."""
    return f"{prefix}{told[:MAX_MODEL_NAME]}" if told else asked


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
