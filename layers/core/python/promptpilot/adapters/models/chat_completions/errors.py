"""What a server that speaks OpenAI's format answers when it fails, as errors of our tree."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from promptpilot.adapters.models.http.status_errors import (
    BY_STATUS,
    CODE,
    PARAM,
    error_object,
    status_error,
    text_of,
)
from promptpilot.step_errors import (
    ContextTooLong,
    ModelAuthFailed,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRejectedRequest,
    ModelUnavailable,
    ModelUnknown,
)

_BY_CODE: dict[str, type[ModelError]] = {
    "context_length_exceeded": ContextTooLong,  # OpenAI and most that follow it
    "exceed_context_size_error": ContextTooLong,  # llama.cpp
    "model_not_found": ModelUnknown,  # with the status 400, too
    "content_filter": ModelRefused,  # Azure
    **dict.fromkeys(  # what of a prompt OpenAI's policies forbid
        (
            "content_policy_violation",
            "image_content_policy_violation",
            "invalid_prompt",
            "bio_policy",
            "misalignment_policy_violation",
        ),
        ModelRefused,
    ),
}
_IN_STREAM: dict[str, type[ModelError]] = {
    **_BY_CODE,
    **dict.fromkeys(
        ("rate_limit_exceeded", "rate_limit_error", "insufficient_quota"), ModelRateLimited
    ),
    **dict.fromkeys(
        ("server_overloaded", "server_is_overloaded", "overloaded_error", "slow_down"),
        ModelOverloaded,
    ),
    **dict.fromkeys(("invalid_api_key", "authentication_error"), ModelAuthFailed),
    "invalid_request_error": ModelRejectedRequest,
}
"""Errors that come once an answer has begun have no status, only a code."""


class _Told(NamedTuple):
    """What the server says beside the status that is an identifier."""

    code: str
    type: str
    param: str


def openai_error(status: int, headers: Mapping[str, str], body: bytes, model: str) -> ModelError:
    """The error of our tree for a failed call of `model`."""
    told = _read(error_object(body))
    codes = (_BY_CODE.get(each) for each in (told.code, told.type))
    by_code = next(filter(None, codes), None)
    says = 400 <= status < 500 and status not in BY_STATUS
    return status_error(
        status,
        headers,
        model,
        by_code=by_code if says else None,
        facts=_facts(told),
        words=f"{told.param} {body.decode(errors='replace')}",
    )


def stream_error(error: Any) -> ModelError:
    """The error of our tree for one that came where the rest of an answer should have been."""
    return told_error(error, "broke its answer off with an error")


def told_error(error: Any, what: str) -> ModelError:
    """The error of our tree for one that came with the status of a success; reads on from "The
    model's server". Some (OpenRouter, llama.cpp) have a status in place of a code.
    """
    answer = error if isinstance(error, dict) else {}
    told = _read(answer)
    status = answer.get("code")
    by_status = BY_STATUS.get(status) if isinstance(status, int) else None
    by_code = (_IN_STREAM[each] for each in told[:2] if each in _IN_STREAM)
    kind = next(by_code, by_status or ModelUnavailable)
    facts = ", ".join(_facts(told))
    return kind(reason=f"The model's server {what}{facts and f' ({facts})'}.")


def _read(error: Mapping[str, Any]) -> _Told:
    code, kind, param = (text_of(error.get(each)) for each in ("code", "type", "param"))
    return _Told(code, kind, param)


def _facts(told: _Told) -> Iterator[str]:
    """What of the vendor's answer is an identifier and no prose."""
    for value, form in ((told.code, CODE), (told.type, CODE), (told.param, PARAM)):
        if form.fullmatch(value):
            yield value
