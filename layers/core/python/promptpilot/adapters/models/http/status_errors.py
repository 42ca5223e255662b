"""Statuses of model servers, as errors of our tree: what vendors have in common."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from promptpilot.retry_after import retry_after_seconds
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

BY_STATUS: Mapping[int, type[ModelError]] = {
    401: ModelAuthFailed,
    403: ModelAuthFailed,
    404: ModelUnknown,
    408: ModelTimeout,
    429: ModelRateLimited,
    503: ModelOverloaded,
    529: ModelOverloaded,
}
_TOO_LONG = re.compile(
    r"context (length|window|size)|(prompt|input|request) is too (long|large)"
    r"|too many (input )?tokens|input token count",
    re.IGNORECASE,
)
"""Servers without a code for it (vLLM, gateways) say it in words."""

CODE = re.compile(r"[A-Za-z_]{1,48}")
PARAM = re.compile(r"[a-z_][a-z0-9_.\[\]]{0,63}")
_STREAM = re.compile(r"\bstream", re.IGNORECASE)


class StatusError(Exception):
    """A server's status that is no success: the cause of an error of ours, without a word of the
    server's. `about_streaming`: what the server says names streaming.
    """

    def __init__(self, status: int, *, about_streaming: bool) -> None:
        super().__init__(f"status {status}")
        self.about_streaming = about_streaming


def error_object(body: bytes) -> Mapping[str, Any]:
    """What the body says under "error", or all of it; empty for what is no JSON object."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    told = answer.get("error", answer) if isinstance(answer, dict) else None
    return told if isinstance(told, dict) else {}


def status_error(
    status: int,
    headers: Mapping[str, str],
    model: str,
    *,
    by_code: type[ModelError] | None,
    facts: Iterable[str] = (),
    words: str = "",
) -> ModelError:
    """The error of our tree for a failed call of `model`.

    `by_code` is what the vendor's own code stands for, where it tells more than the status; `facts`
    are its identifiers, which the reason names; `words` its prose, which is looked at and not told.
    """
    kind = _kind(status, by_code, words)
    failure = _failure(status) if kind is ModelUnavailable else kind.reason.rstrip(".")
    error = kind(reason=f"{failure} ({', '.join((f'status {status}', *facts))}).")
    if isinstance(error, ModelRateLimited | ModelOverloaded):
        error.retry_after = retry_after_seconds(headers)
    elif isinstance(error, ModelUnknown):
        error.model = model
    error.__cause__ = StatusError(status, about_streaming=bool(_STREAM.search(words)))
    return error


def broken_off(kind: type[ModelError], facts: Iterable[str], model: str) -> ModelError:
    """The error of our tree for one that came where an answer of `model`, or its rest, should have
    been; `facts` as in `status_error`.
    """
    named = ", ".join(facts)
    told = f" ({named})" if named else ""
    error = kind(reason=f"The model's server broke its answer off with an error{told}.")
    if isinstance(error, ModelUnknown):
        error.model = model
    return error


def refuses_streaming(error: ModelRejectedRequest) -> bool:
    """Whether the same request may be taken by that server when it is not to be streamed."""
    return isinstance(error.__cause__, StatusError) and error.__cause__.about_streaming


def text_of(value: Any) -> str:
    """A vendor's identifier, empty where it is none."""
    return value if isinstance(value, str) else ""


def _kind(status: int, by_code: type[ModelError] | None, words: str) -> type[ModelError]:
    if by_code is not None:
        return by_code
    if status in BY_STATUS:
        return BY_STATUS[status]
    if not 400 <= status < 500:  # redirects too: a call with a key goes where it was sent
        return ModelUnavailable
    return ContextTooLong if _TOO_LONG.search(words) else ModelRejectedRequest


def _failure(status: int) -> str:
    did = "failed" if status >= 500 else "redirects, which is not followed"
    return f"The model's server {did}"
