"""What Anthropic's failures become."""

import json
from typing import Any

import pytest

from promptpilot.adapters.models.anthropic_messages.errors import anthropic_error
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

MODEL = "anthropic/claude-test"
INVALID = "invalid_request_error"


def failed(status: int, body: Any, headers: dict[str, str] | None = None) -> ModelError:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return anthropic_error(status, headers or {}, data, MODEL)


def told(kind: str, message: str = "XYZZY", **fields: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message, **fields}}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, told(INVALID), ModelRejectedRequest),
        (400, told(INVALID, "prompt is too long: 9 tokens > 8 maximum XYZZY"), ContextTooLong),
        (
            400,
            told(
                INVALID,
                "input length and `max_tokens` exceed context limit: 8 + 1 > 8, decrease input"
                " length or `max_tokens` and try again XYZZY",
            ),
            ContextTooLong,
        ),
        (400, told(INVALID, "Your credit balance is too low XYZZY"), ModelAuthFailed),
        (401, told("authentication_error"), ModelAuthFailed),
        (402, told("billing_error"), ModelAuthFailed),
        (403, told("permission_error"), ModelAuthFailed),
        (404, told("not_found_error"), ModelUnknown),
        (413, told("request_too_large"), ContextTooLong),
        (413, b"<html>XYZZY</html>", ContextTooLong),
        (429, told("rate_limit_error"), ModelRateLimited),
        (500, told("api_error"), ModelUnavailable),
        (504, told("timeout_error"), ModelTimeout),
        (529, told("overloaded_error"), ModelOverloaded),
        (529, b"XYZZY", ModelOverloaded),
        (503, b"XYZZY", ModelOverloaded),
        (400, b"XYZZY", ModelRejectedRequest),
        (400, told("later_error"), ModelRejectedRequest),
        (400, {"error": "XYZZY"}, ModelRejectedRequest),
        (500, told("later_error"), ModelUnavailable),
        (302, b"XYZZY", ModelUnavailable),
    ],
)
def test_a_failure_is_told_by_its_type_and_else_by_the_status(
    status: int, body: Any, error: type[ModelError]
) -> None:
    failure = failed(status, body)
    assert type(failure) is error
    assert f"status {status}" in failure.reason
    assert "XYZZY" not in failure.reason


def test_the_reason_names_the_type_and_the_code() -> None:
    body = told("rate_limit_error", details={"error_code": "contract_spend_limit_reached"})
    assert failed(429, body).reason == (
        "The vendor's rate limit was reached"
        " (status 429, rate_limit_error, contract_spend_limit_reached)."
    )


@pytest.mark.parametrize("details", ["XYZZY", {"error_code": "it said XYZZY"}, {"error_code": 7}])
def test_a_code_that_is_none_is_not_told(details: Any) -> None:
    failure = failed(429, told("rate_limit_error", details=details))
    assert failure.reason == "The vendor's rate limit was reached (status 429, rate_limit_error)."


@pytest.mark.parametrize(("status", "kind"), [(429, "rate_limit_error"), (529, "overloaded_error")])
def test_how_long_to_wait_is_what_the_header_says(status: int, kind: str) -> None:
    failure = failed(status, told(kind), {"retry-after": "17"})
    assert isinstance(failure, ModelRateLimited | ModelOverloaded)
    assert failure.retry_after == 17.0


def test_an_unknown_model_is_named() -> None:
    failure = failed(404, told("not_found_error"))
    assert isinstance(failure, ModelUnknown)
    assert failure.model == MODEL
