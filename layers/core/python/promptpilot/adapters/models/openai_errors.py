"""What a server that speaks OpenAI's format answers when it fails, as errors of our tree."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from promptpilot.retry_after import retry_after_seconds
from promptpilot.step_errors import (
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
_IN_STREAM: dict[str, type[ModelError]] = {
    **_BY_CODE,
    "rate_limit_exceeded": ModelRateLimited,
    "server_overloaded": ModelOverloaded,
    "overloaded_error": ModelOverloaded,
}
"""Errors that come once an answer has begun have no status, only a code."""

_TOO_LONG = re.compile(
    r"context (length|window|size)|(prompt|input|request) is too (long|large)"
    r"|too many (input )?tokens",
    re.IGNORECASE,
)
"""Servers without a code for it (vLLM, gateways) say it in words."""

_CODE = re.compile(r"[a-z_]{1,48}")
_PARAM = re.compile(r"[a-z_][a-z0-9_.\[\]]{0,63}")
_STREAM = re.compile(r"\bstream", re.IGNORECASE)


class StatusError(Exception):
    """A server's status that is no success: the cause of an error of ours, without a word of the
    server's. `about_streaming`: what the server says names streaming.
    """

    def __init__(self, status: int, *, about_streaming: bool) -> None:
        super().__init__(f"status {status}")
        self.about_streaming = about_streaming


class _Told(NamedTuple):
    """What the server says beside the status: identifiers, and words that may quote a prompt."""

    code: str
    type: str
    param: str
    words: str


def status_error(status: int, headers: Mapping[str, str], body: bytes, model: str) -> ModelError:
    """The error of our tree for a failed call of `model`.

    Its reason has the status and the vendor's codes, never the vendor's words: they may quote the
    key or the prompt.
    """
    told = _told(body)
    kind = _kind(status, told)
    words = _failure(status) if kind is ModelUnavailable else kind.reason.rstrip(".")
    error = kind(reason=f"{words} ({', '.join((f'status {status}', *_facts(told)))}).")
    if isinstance(error, ModelRateLimited | ModelOverloaded):
        error.retry_after = retry_after_seconds(headers)
    elif isinstance(error, ModelUnknown):
        error.model = model
    about_streaming = bool(_STREAM.search(f"{told.param} {told.words}"))
    error.__cause__ = StatusError(status, about_streaming=about_streaming)
    return error


def refuses_streaming(error: ModelRejectedRequest) -> bool:
    """Whether the same request may be taken by that server when it is not to be streamed."""
    return isinstance(error.__cause__, StatusError) and error.__cause__.about_streaming


def stream_error(error: Any) -> ModelError:
    """The error of our tree for one that came where the rest of an answer should have been."""
    told = _read(error, "")
    kind = next((_IN_STREAM[each] for each in told[:2] if each in _IN_STREAM), ModelUnavailable)
    facts = ", ".join(_facts(told))
    return kind(
        reason=f"The model's server broke its answer off with an error{facts and f' ({facts})'}."
    )


def _told(body: bytes) -> _Told:
    words = body.decode(errors="replace")
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    return _read(answer.get("error", answer) if isinstance(answer, dict) else None, words)


def _read(error: Any, words: str) -> _Told:
    fields = error if isinstance(error, dict) else {}
    code, kind, param = (_text(fields.get(each)) for each in ("code", "type", "param"))
    return _Told(code, kind, param, words)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _kind(status: int, told: _Told) -> type[ModelError]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if not 400 <= status < 500:  # redirects too: a call with a key goes where it was sent
        return ModelUnavailable
    for code in (told.code, told.type):
        if code in _BY_CODE:
            return _BY_CODE[code]
    return ContextTooLong if _TOO_LONG.search(told.words) else ModelRejectedRequest


def _failure(status: int) -> str:
    did = "failed" if status >= 500 else "redirects, which is not followed"
    return f"The model's server {did}"


def _facts(told: _Told) -> Iterator[str]:
    """What of the vendor's answer is an identifier and no prose."""
    for value, form in ((told.code, _CODE), (told.type, _CODE), (told.param, _PARAM)):
        if form.fullmatch(value):
            yield value
