"""What Google's failures become."""

import json
from typing import Any

import pytest

from promptpilot.adapters.models.gemini.errors import google_error, told_error
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

MODEL = "google/gemini-3-pro"
TOO_LONG = "The input token count (9) exceeds the maximum number of tokens allowed (8)."


def detail(kind: str, **fields: Any) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **fields}


def told(code: int, status: str, message: str = "XYZZY", **fields: Any) -> dict[str, Any]:
    return {"error": {"code": code, "status": status, "message": message, **fields}}


KEY_INVALID = [detail("ErrorInfo", reason="API_KEY_INVALID", domain="googleapis.com")]
CASES = [
    (told(429, "RESOURCE_EXHAUSTED"), ModelRateLimited),
    (told(503, "UNAVAILABLE"), ModelOverloaded),
    (told(504, "DEADLINE_EXCEEDED"), ModelTimeout),
    (told(401, "UNAUTHENTICATED"), ModelAuthFailed),
    (told(403, "PERMISSION_DENIED"), ModelAuthFailed),
    (told(400, "FAILED_PRECONDITION"), ModelAuthFailed),
    (told(400, "INVALID_ARGUMENT", details=KEY_INVALID), ModelAuthFailed),
    (told(400, "INVALID_ARGUMENT", "API key expired. Please renew it."), ModelAuthFailed),
    (told(400, "INVALID_ARGUMENT", TOO_LONG), ContextTooLong),
    (told(400, "INVALID_ARGUMENT"), ModelRejectedRequest),
    (told(404, "NOT_FOUND"), ModelUnknown),
    (told(501, "UNIMPLEMENTED"), ModelRejectedRequest),
    (told(500, "INTERNAL"), ModelUnavailable),
    (told(499, "CANCELLED"), ModelUnavailable),
]


@pytest.mark.parametrize(("error", "kind"), CASES)
@pytest.mark.parametrize("listed", [False, True])
def test_a_canonical_code_becomes_an_error_of_ours_that_quotes_nobody(
    error: dict[str, Any], kind: type[ModelError], listed: bool
) -> None:
    code = error["error"]["code"]
    body = json.dumps([error] if listed else error).encode()
    for made in (google_error(code, {}, body, MODEL), told_error(error["error"], MODEL)):
        assert type(made) is kind
        assert f"(status {code}, {error['error']['status']}" in made.reason
        for text in (str(made), repr(made), repr(made.__cause__)):
            assert "XYZZY" not in text


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        ({"status": "UNAVAILABLE"}, ModelOverloaded, r"with an error \(UNAVAILABLE\)\."),
        ({"code": 14, "status": "UNAVAILABLE"}, ModelOverloaded, r"with an error \(UNAVAILABLE\)"),
        ({"code": "503"}, ModelUnavailable, r"with an error\."),
        ("XYZZY", ModelUnavailable, r"with an error\."),
    ],
)
def test_an_error_without_an_http_status_is_told_by_what_it_has(
    error: Any, kind: type[ModelError], reason: str
) -> None:
    made = told_error(error, MODEL)
    assert type(made) is kind
    assert made.reason.startswith("The model's server broke its answer off")
    with pytest.raises(kind, match=reason):
        raise made


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>Bad gateway</html>", ModelUnavailable),
        (b"", ModelUnavailable),
        (b"[", ModelUnavailable),
        (b"[]", ModelUnavailable),
        (b"[7]", ModelUnavailable),
        (b"[" * 100_000, ModelUnavailable),
        (b'{"error": {"details": {"a": 1}, "status": 7}}', ModelUnavailable),
        (b'{"error": {"details": [1, {"@type": 7}, {"fieldViolations": 1}]}}', ModelUnavailable),
    ],
)
def test_a_body_that_tells_nothing_leaves_the_status(body: bytes, kind: type[ModelError]) -> None:
    made = google_error(502, {}, body, MODEL)
    assert type(made) is kind
    assert made.reason == "The model's server failed (status 502)."


@pytest.mark.parametrize(
    ("delay", "header", "seconds"),
    [
        ("17s", None, 17.0),
        ("0.250s", None, 0.25),
        ("17s", "3", 17.0),
        ("3s", "17", 17.0),
        (None, "17", 17.0),
        ("17", None, None),
        ("-1s", None, None),
        ({"seconds": 17}, None, None),
        (None, None, None),
    ],
)
@pytest.mark.parametrize(("status", "code"), [("RESOURCE_EXHAUSTED", 429), ("UNAVAILABLE", 503)])
def test_how_long_to_wait_is_the_longest_that_is_said(
    status: str, code: int, delay: Any, header: str | None, seconds: float | None
) -> None:
    quota = detail("QuotaFailure", violations=[{"quotaId": "PerDay"}])
    error = told(code, status, details=[quota, detail("RetryInfo", retryDelay=delay)])
    headers = {"retry-after": header} if header else {}
    made = google_error(code, headers, json.dumps(error).encode(), MODEL)
    assert isinstance(made, ModelRateLimited | ModelOverloaded)
    assert made.retry_after == seconds


def test_the_identifiers_of_what_is_wrong_are_told() -> None:
    violations = [
        {"field": "generation_config.top_p", "description": "XYZZY"},
        {"field": "the prompt said XYZZY"},
        "XYZZY",
    ]
    error = told(
        400, "INVALID_ARGUMENT", details=[detail("BadRequest", fieldViolations=violations)]
    )
    made = google_error(400, {}, json.dumps(error).encode(), MODEL)
    assert made.reason == (
        "The vendor rejected the request (status 400, INVALID_ARGUMENT, generation_config.top_p)."
    )


def test_a_model_that_is_unknown_is_named_as_ours_are() -> None:
    made = google_error(404, {}, json.dumps(told(404, "NOT_FOUND")).encode(), MODEL)
    assert isinstance(made, ModelUnknown)
    assert made.model == MODEL
