"""How OpenAI says that a call has failed (its guide on error codes), in both of its formats."""

import json
from collections.abc import Mapping
from typing import Any

from tests.contract.dialects.dialect import Failure

_QUOTED = "the prompt said XYZZY"

_INVALID = "invalid_request_error"
_FAILURES: Mapping[Failure, tuple[int, str, str | None, str]] = {
    "rate_limited": (429, "requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    "overloaded": (503, "server_error", "slow_down", "The engine is currently overloaded."),
    "server_error": (500, "server_error", None, "The server had an error."),
    "wrong_key": (401, _INVALID, "invalid_api_key", "Incorrect API key provided: canary-*."),
    "no_such_model": (404, _INVALID, "model_not_found", "The model does not exist."),
    "context_too_long": (400, _INVALID, "context_length_exceeded", "Your input is too long."),
    "bad_request": (400, _INVALID, "unsupported_parameter", "Unsupported parameter."),
}


def failure(failure: Failure) -> tuple[int, bytes]:
    """Status and body."""
    return _FAILURES[failure][0], json.dumps({"error": error(failure)}).encode()


def error(failure: Failure) -> dict[str, Any]:
    """The object that says what went wrong."""
    _, kind, code, words = _FAILURES[failure]
    param = "top_p" if failure == "bad_request" else None
    return {"message": f"{words} {_QUOTED}", "type": kind, "param": param, "code": code}
