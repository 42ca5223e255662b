"""What the Messages API answers when it fails, as errors of our tree."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from promptpilot.adapters.models.http.status_errors import (
    CODE,
    broken_off,
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
    ModelRejectedRequest,
    ModelTimeout,
    ModelUnavailable,
    ModelUnknown,
)

_BY_TYPE: Mapping[str, type[ModelError]] = {
    "authentication_error": ModelAuthFailed,
    "permission_error": ModelAuthFailed,
    "billing_error": ModelAuthFailed,  # whose key it is cannot pay
    "not_found_error": ModelUnknown,
    "request_too_large": ContextTooLong,
    "rate_limit_error": ModelRateLimited,
    "overloaded_error": ModelOverloaded,
    "timeout_error": ModelTimeout,
    "api_error": ModelUnavailable,
}
"""`error.type` (Anthropic's page on errors). Of `invalid_request_error` the words tell more."""

_INVALID = "invalid_request_error"
_BY_WORDS: tuple[tuple[re.Pattern[str], type[ModelError]], ...] = (
    (
        re.compile(
            r"(prompt|input) is too long|exceeds? (the )?context (limit|window)", re.IGNORECASE
        ),
        ContextTooLong,
    ),
    (re.compile(r"credit balance is too low", re.IGNORECASE), ModelAuthFailed),
)
"""An invalid request has no code for what is wrong with it."""

_TOO_LARGE = 413


def anthropic_error(status: int, headers: Mapping[str, str], body: bytes, model: str) -> ModelError:
    """The error of our tree for a failed call of `model`."""
    told = error_object(body)
    words = text_of(told.get("message"))
    by_code = _kind(told, words) or (ContextTooLong if status == _TOO_LARGE else None)
    return status_error(status, headers, model, by_code=by_code, facts=_facts(told), words=words)


def stream_error(error: Any, model: str) -> ModelError:
    """The error of our tree for one that came where the rest of an answer should have been."""
    told = error if isinstance(error, dict) else {}
    otherwise = ModelRejectedRequest if told.get("type") == _INVALID else ModelUnavailable
    kind = _kind(told, text_of(told.get("message"))) or otherwise
    return broken_off(kind, _facts(told), model)


def _kind(told: Mapping[str, Any], words: str) -> type[ModelError] | None:
    named = text_of(told.get("type"))
    if named != _INVALID:
        return _BY_TYPE.get(named)
    return next((kind for pattern, kind in _BY_WORDS if pattern.search(words)), None)


def _facts(told: Mapping[str, Any]) -> Iterator[str]:
    """What of the answer is an identifier and no prose."""
    details = told.get("details")
    code = details.get("error_code") if isinstance(details, dict) else None
    yield from (each for each in map(text_of, (told.get("type"), code)) if CODE.fullmatch(each))
