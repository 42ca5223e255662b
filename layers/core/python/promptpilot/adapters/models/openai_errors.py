"""What the `openai` SDK raises, as errors of our tree."""

import re
from collections.abc import Iterator

import openai

from promptpilot.adapters.models.retry_after import retry_after_seconds
from promptpilot.errors import (
    ContextTooLong,
    ModelAuthFailed,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRejectedRequest,
    ModelTimeout,
    ModelUnavailable,
    ModelUnknown,
)

_BY_STATUS: dict[int, type[ModelError]] = {
    401: ModelAuthFailed,
    403: ModelAuthFailed,
    404: ModelUnknown,
    408: ModelTimeout,
    429: ModelRateLimited,
    503: ModelOverloaded,
    529: ModelOverloaded,
}
_BY_CODE: dict[str, type[ModelError]] = {
    "context_length_exceeded": ContextTooLong,  # OpenAI and most that follow it
    "exceed_context_size_error": ContextTooLong,  # llama.cpp
    "content_filter": ModelRefused,  # Azure
    "content_policy_violation": ModelRefused,
}
_TOO_LONG = re.compile(
    r"context (length|window|size)|(prompt|input|request) is too (long|large)"
    r"|too many (input )?tokens",
    re.IGNORECASE,
)
"""Servers without a code for it (vLLM, gateways) say it in words."""

_CODE = re.compile(r"[a-z_]{1,48}")
_PARAM = re.compile(r"[a-z_][a-z0-9_.\[\]]{0,63}")


def model_error(error: openai.OpenAIError, model: str) -> ModelError:
    """The error of our tree for a failed call of `model`.

    Its reason has the status and the vendor's codes, never the vendor's words: they may quote the
    key or the prompt. For the same reason they are taken out of `error`, which a traceback shows
    as the cause.
    """
    if isinstance(error, openai.APIStatusError):
        translated = _status_error(error, model)
        error.args = (f"status {error.status_code}",)
        return translated
    if isinstance(error, openai.APIConnectionError):
        return ModelUnavailable(reason=f"The model's server {error.__cause__}.")
    return ModelUnavailable(reason=f"The call failed: {type(error).__name__}.")


def _status_error(error: openai.APIStatusError, model: str) -> ModelError:
    kind = _kind(error)
    words = _failure(error.status_code) if kind is ModelUnavailable else kind.reason.rstrip(".")
    translated = kind(reason=f"{words} ({', '.join(_facts(error))}).")
    if isinstance(translated, ModelRateLimited | ModelOverloaded):
        translated.retry_after = retry_after_seconds(error.response.headers)
    elif isinstance(translated, ModelUnknown):
        translated.model = model
    return translated


def _kind(error: openai.APIStatusError) -> type[ModelError]:
    status = error.status_code
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if not 400 <= status < 500:  # redirects too: a call with a key goes where it was sent
        return ModelUnavailable
    for code in (error.code, error.type):
        if code in _BY_CODE:
            return _BY_CODE[code]
    return ContextTooLong if _TOO_LONG.search(error.message) else ModelRejectedRequest


def _failure(status: int) -> str:
    did = "failed" if status >= 500 else "redirects, which is not followed"
    return f"The model's server {did}"


def _facts(error: openai.APIStatusError) -> Iterator[str]:
    """The status, and what of the vendor's answer is an identifier and no prose."""
    yield f"status {error.status_code}"
    for value, form in ((error.code, _CODE), (error.type, _CODE), (error.param, _PARAM)):
        if isinstance(value, str) and form.fullmatch(value):
            yield value
