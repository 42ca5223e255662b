"""What Amazon Bedrock answers when it fails, as errors of our tree."""

import re
from collections.abc import Mapping

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

_BY_CODE: Mapping[str, type[ModelError]] = {
    "ThrottlingException": ModelRateLimited,
    "ServiceQuotaExceededException": ModelRateLimited,
    "ModelNotReadyException": ModelOverloaded,
    "ServiceUnavailableException": ModelOverloaded,
    "ModelTimeoutException": ModelTimeout,
    "ModelErrorException": ModelUnavailable,
    "ModelStreamErrorException": ModelUnavailable,
    "InternalServerException": ModelUnavailable,
    "ResourceNotFoundException": ModelUnknown,
    "AccessDeniedException": ModelAuthFailed,
    "ExpiredTokenException": ModelAuthFailed,
    "IncompleteSignatureException": ModelAuthFailed,
    "InvalidSignatureException": ModelAuthFailed,
    "MissingAuthenticationTokenException": ModelAuthFailed,
    "UnrecognizedClientException": ModelAuthFailed,
}
"""The errors of Converse and ConverseStream (Bedrock Runtime API Reference), and those that are
common to all of AWS."""

_VALIDATION = "ValidationException"
_BY_WORDS: tuple[tuple[re.Pattern[str], type[ModelError]], ...] = (
    (
        re.compile(
            r"too long|too large for|too many (input )?tokens|input tokens? exceed"
            r"|input token count|context (length|window|size)|maximum context",
            re.IGNORECASE,
        ),
        ContextTooLong,
    ),
    (re.compile(r"model identifier is invalid", re.IGNORECASE), ModelUnknown),
)
"""A ValidationException has no code for what is wrong."""


def bedrock_error(status: int, headers: Mapping[str, str], body: bytes, model: str) -> ModelError:
    """The error of our tree for a failed call of `model`."""
    told = error_object(body)
    code = _code(headers.get("x-amzn-errortype") or text_of(told.get("__type")))
    words = text_of(told.get("message") or told.get("Message"))
    return status_error(
        status,
        headers,
        model,
        by_code=_kind(code, words),
        facts=_facts(code, told.get("originalStatusCode")),
        words=words,
    )


def stream_error(exception: str, payload: bytes, model: str) -> ModelError:
    """The error of our tree for one that came where the rest of an answer should have been."""
    told = error_object(payload)
    code = exception[:1].upper() + exception[1:]  # a member of the stream, named after its shape
    kind = _kind(code, text_of(told.get("message"))) or ModelUnavailable
    return broken_off(kind, _facts(code, told.get("originalStatusCode")), model)


def _code(told: str) -> str:
    """`Name`, `namespace#Name` or `Name:where it is explained`."""
    return told.partition(":")[0].rpartition("#")[2]


def _kind(code: str, words: str) -> type[ModelError] | None:
    if code != _VALIDATION:
        return _BY_CODE.get(code)
    fitting = (kind for pattern, kind in _BY_WORDS if pattern.search(words))
    return next(fitting, ModelRejectedRequest)


def _facts(code: str, original: object) -> list[str]:
    """What of the answer is an identifier and no prose."""
    facts = [code] if CODE.fullmatch(code) else []
    return [*facts, f"model's status {original}"] if isinstance(original, int) else facts
