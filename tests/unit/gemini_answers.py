"""What Gemini answers, as the tests of its adapter have it."""

import json
from collections.abc import Mapping
from typing import Any

from promptpilot.adapters.models.gemini.wire import Gemini
from promptpilot.adapters.models.http.wire import Reply
from promptpilot.domain.message import Message
from promptpilot.domain.model import Completion, ModelRequest
from tests.scripted_openai import events

REQUEST = ModelRequest(
    model="google/gemini-3-pro", messages=(Message(role="user", content="Hello?"),)
)
TEXT = {"text": "Hello."}


def answer(*parts: Mapping[str, Any], finish: str | None = "STOP", **fields: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}}
    return {
        "candidates": [candidate | ({"finishReason": finish} if finish else {})],
        "modelVersion": "gemini-3-pro-001",
        **fields,
    }


def whole(told: Any, request: ModelRequest = REQUEST) -> Completion:
    return Gemini().completion(Reply("application/json", json.dumps(told).encode()), request)


def streamed(*told: Any, plain: bytes = b"", texts: list[str] | None = None) -> Completion:
    reader = Gemini().reader(REQUEST, (texts if texts is not None else []).append)
    assert not reader.take(events(*told) + plain)
    return reader.completion()


def call(name: str, args: Any = None, **fields: Any) -> dict[str, Any]:
    return {"functionCall": {"name": name, **({} if args is None else {"args": args})}, **fields}
