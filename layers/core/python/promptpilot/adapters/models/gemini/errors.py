"""Failures that Google's APIs tell (`google.rpc.Status` as JSON), as errors of our tree."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from promptpilot.adapters.models.http.status_errors import (
    CODE,
    PARAM,
    broken_off,
    error_object,
    status_error,
    text_of,
)
from promptpilot.step_errors import (
    ModelAuthFailed,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRejectedRequest,
    ModelTimeout,
    ModelUnavailable,
    ModelUnknown,
)

_BY_STATUS: Mapping[str, type[ModelError]] = {
    "RESOURCE_EXHAUSTED": ModelRateLimited,
    "UNAVAILABLE": ModelOverloaded,
    "DEADLINE_EXCEEDED": ModelTimeout,
    "UNAUTHENTICATED": ModelAuthFailed,
    "PERMISSION_DENIED": ModelAuthFailed,
    # Gemini's troubleshooting guide: no free tier where the caller is, and billing is not enabled.
    "FAILED_PRECONDITION": ModelAuthFailed,
    "NOT_FOUND": ModelUnknown,
    "UNIMPLEMENTED": ModelRejectedRequest,
    "INTERNAL": ModelUnavailable,
    "UNKNOWN": ModelUnavailable,
    "ABORTED": ModelUnavailable,
    "CANCELLED": ModelUnavailable,
}
"""By canonical code (`google.rpc.Code`). Of `INVALID_ARGUMENT` the details and words tell more."""

_KEY_REASON = re.compile(r"API_KEY_[A-Z_]+")
_KEY_WORDS = re.compile(r"\bAPI key (not valid|expired|not found)", re.IGNORECASE)
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")
"""A `google.protobuf.Duration` in JSON."""


class _Told(NamedTuple):
    """What Google says beside the HTTP status."""

    code: Any
    status: str
    message: str
    reason: str
    """Of `google.rpc.ErrorInfo`."""
    fields: tuple[str, ...]
    """Of `google.rpc.BadRequest`: what is wrong in the request."""
    delay: float | None
    """Of `google.rpc.RetryInfo`, in seconds."""


def google_error(status: int, headers: Mapping[str, str], body: bytes, model: str) -> ModelError:
    """The error of our tree for a failed call of `model`."""
    return _error(status, headers, _read(error_in(body.decode(errors="replace"))), model)


def told_error(error: Any, model: str) -> ModelError:
    """The error of our tree for one that came where an answer, or its rest, should have been."""
    told = _read(error if isinstance(error, dict) else {})
    if isinstance(told.code, int) and 400 <= told.code < 600:
        return _error(told.code, {}, told, model)
    return broken_off(_kind(told) or ModelUnavailable, _facts(told), model)


def error_in(text: str) -> Mapping[str, Any]:
    """The error object of a body, which is in a list where an answer was to be streamed."""
    if not text.lstrip().startswith("["):
        return error_object(text.encode())
    try:
        answers = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    last = answers[-1] if answers else None
    return error_object(json.dumps(last).encode()) if isinstance(last, dict) else {}


def _error(status: int, headers: Mapping[str, str], told: _Told, model: str) -> ModelError:
    error = status_error(
        status, headers, model, by_code=_kind(told), facts=_facts(told), words=told.message
    )
    if isinstance(error, ModelRateLimited | ModelOverloaded) and told.delay is not None:
        error.retry_after = max(told.delay, error.retry_after or 0.0)
    return error


def _kind(told: _Told) -> type[ModelError] | None:
    if _KEY_REASON.fullmatch(told.reason) or _KEY_WORDS.search(told.message):
        return ModelAuthFailed
    return _BY_STATUS.get(told.status)


def _facts(told: _Told) -> Iterator[str]:
    """What of the answer is an identifier and no prose."""
    yield from (each for each in (told.status, told.reason) if CODE.fullmatch(each))
    yield from (each for each in told.fields if PARAM.fullmatch(each))


def _read(error: Mapping[str, Any]) -> _Told:
    told = error.get("details")
    details = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    return _Told(
        code=error.get("code"),
        status=text_of(error.get("status")),
        message=text_of(error.get("message")),
        reason=text_of(_detail(details, "google.rpc.ErrorInfo").get("reason")),
        fields=_fields(_detail(details, "google.rpc.BadRequest").get("fieldViolations")),
        delay=_seconds(_detail(details, "google.rpc.RetryInfo").get("retryDelay")),
    )


def _detail(details: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any]:
    found = (each for each in details if text_of(each.get("@type")).rpartition("/")[2] == kind)
    return next(found, {})


def _fields(violations: Any) -> tuple[str, ...]:
    if not isinstance(violations, list):
        return ()
    return tuple(text_of(each.get("field")) for each in violations[:3] if isinstance(each, dict))


def _seconds(duration: Any) -> float | None:
    match = _SECONDS.fullmatch(text_of(duration))
    return float(match[1]) if match else None
