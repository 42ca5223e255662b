"""Examples for the OpenAPI document: one story, of meeting notes that are summarized."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.openapi.models import Example

USER_ID = "user_01JD8W2M7Q4V6X9Z3B5N8R1T0K"
WORKSPACE_ID = "ws_01JD8W2M7Q4V6X9Z3B5N8R1T0K"
PROMPT_ID = "prompt_01JD8W5A2C4E6G8J0M2P4R6T8V"
WORKFLOW_ID = "workflow_01JD8W9B1D3F5H7K9N1Q3S5V7X"
EXECUTION_ID = "execution_01JD8WDC0E2G4J6M8P0R2T4V6X"
LOG_ID = "log_01JD8WDC0E2G4J6M8P0R2T4V6X_1"
FEEDBACK_ID = "feedback_01JD8WHD9F1H3K5N7Q9S1V3X5Z"
MODEL = "local/smollm2-135m"
AT = "2026-11-24T09:30:00.000Z"
DIGEST = "5f0a3c6e9b2d4f718293a4b5c6d7e8f90123456789abcdef0123456789abcdef"
NOTES = "The release is on Friday. The support lead writes the notes by Thursday."
SUMMARY = "The release is on Friday; the support lead writes the notes by Thursday."


def sent(value: Mapping[str, Any]) -> "dict[str, Example]":
    """The example of a request's body. Powertools' own model of it takes long to import."""
    return cast("dict[str, Example]", {"typical": {"value": dict(value)}})


def page(item: Mapping[str, Any]) -> dict[str, Any]:
    """A page that holds one item, and has more after it."""
    return {"items": [item], "next_cursor": "kq0vT8cXw2sJ5yZ1bN4m7A"}


SIGN_UP = sent(
    {"email": "you@example.com", "password": "correct horse battery staple", "name": "You"}
)
LOG_IN = sent({"email": "you@example.com", "password": "correct horse battery staple"})
CONFIRM = sent({"email": "you@example.com", "code": "482913"})
EMAIL = sent({"email": "you@example.com"})
RESET = sent(
    {"email": "you@example.com", "code": "482913", "password": "correct horse battery staple"}
)
SESSION = "totp|AYABeMx3vZk1kq0vT8cX|9f1c7c1e-64b0-4f0e-8a55-0d3a1c2b7e90"
CHALLENGE = sent({"email": "you@example.com", "session": SESSION, "code": "482913"})
REFRESH = sent({"refresh_token": "rt_9wXb2kq0vT8cXw2sJ5yZ1bN4m7AhE3rUo6LdPfGiQyM"})
TOKENS = {
    "access_token": "eyJhbGciOiJFZERTQSIsImtpZCI6IjEifQ.eyJzdWIiOiJ1c2VyXzAxIn0.c2lnbmF0dXJl",
    "refresh_token": "rt_9wXb2kq0vT8cXw2sJ5yZ1bN4m7AhE3rUo6LdPfGiQyM",
    "token_type": "Bearer",
    "expires_in": 3600,
}
USER = {
    "id": USER_ID,
    "email": "you@example.com",
    "name": "You",
    "personal_workspace": WORKSPACE_ID,
    "created_at": AT,
}
WORKSPACE = {"id": WORKSPACE_ID, "name": "You's workspace", "created_at": AT}
ACCOUNT = {"user": USER, "workspace": WORKSPACE, "needs_confirmation": False}
PROFILE = {"user": USER, "workspaces": [{"workspace": WORKSPACE, "role": "owner"}]}

USAGE = {"input_tokens": 58, "cached_tokens": 0, "output_tokens": 17, "reasoning_tokens": 0}
MODELS = {
    "items": [
        {
            "id": MODEL,
            "vendor": "local",
            "available": True,
            "reason": None,
            "context_tokens": 2048,
            "price": {
                "input_per_million": 0.0,
                "cached_per_million": None,
                "output_per_million": 0.0,
                "as_of": "2026-11-24",
            },
            "profile": {
                "context_tokens": 2048,
                "inputs": ["text"],
                "settings": ["temperature", "top_p", "max_tokens", "stop", "seed"],
                "max_temperature": 2.0,
                "reasoning_efforts": [],
                "tools": True,
                "structured_output": True,
                "streaming": True,
                "listed": True,
            },
            "latency": {"p50_ms": 1013.8, "p95_ms": 2102.2, "calls": 40, "days": 7},
        }
    ],
    "next_cursor": None,
}
EXECUTION = {
    "id": EXECUTION_ID,
    "workspace": WORKSPACE_ID,
    "workflow_id": WORKFLOW_ID,
    "version": "1.0.0",
    "pins": {"summarize": {"prompt_id": PROMPT_ID, "version": "1.2.0", "digest": DIGEST}},
    "status": "succeeded",
    "input": {"notes": NOTES},
    "output": SUMMARY,
    "output_blob": None,
    "error": None,
    "trigger": "manual",
    "created_by": USER_ID,
    "created_at": AT,
    "started_at": AT,
    "ended_at": "2026-11-24T09:30:02.140Z",
    "usage": USAGE,
    "cost_micro_usd": 0,
}
LOG: dict[str, Any] = {
    "id": LOG_ID,
    "workspace": WORKSPACE_ID,
    "execution_id": EXECUTION_ID,
    "workflow_id": WORKFLOW_ID,
    "prompt_id": PROMPT_ID,
    "prompt_version": "1.2.0",
    "step": "summarize",
    "path": "summarize",
    "iteration": None,
    "attempt": 1,
    "status": "succeeded",
    "model": MODEL,
    "model_served": "smollm2-135m-instruct",
    "input": {
        "model": MODEL,
        "messages": [{"role": "user", "content": f"Summarize the following notes: {NOTES}"}],
        "settings": {
            "temperature": 0.2,
            "top_p": None,
            "max_tokens": 160,
            "stop": [],
            "seed": None,
        },
        "output_schema": None,
        "timeout": 60.0,
    },
    "output": SUMMARY,
    "text": SUMMARY,
    "usage": USAGE,
    "cost_micro_usd": 0,
    "cached": False,
    "latency_ms": 2012.4,
    "time_to_first_token_ms": None,
    "started_at": AT,
    "ended_at": "2026-11-24T09:30:02.120Z",
    "error": None,
}
_OPINION = {
    "execution_id": EXECUTION_ID,
    "log_id": LOG_ID,
    "rating": 4,
    "comment": "Right, and short.",
    "tags": ["concise"],
}
FEEDBACK_DRAFT = sent(_OPINION)
FEEDBACK = {
    **_OPINION,
    "corrected_output": None,
    "id": FEEDBACK_ID,
    "workspace": WORKSPACE_ID,
    "author": USER_ID,
    "created_at": AT,
}
