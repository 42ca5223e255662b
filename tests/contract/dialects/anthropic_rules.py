"""What the Messages API refuses, by its reference and by the messages of its errors."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

_BODY = {
    "model",
    "max_tokens",
    "messages",
    "system",
    "stop_sequences",
    "thinking",
    "output_config",
    "tools",
    "tool_choice",
    "stream",
}
_SAMPLING = {"temperature", "top_p"}
_VERSIONS = {"2026-10-21": _BODY, "2023-06-01": _BODY | _SAMPLING}
_USERS = {"text", "image", "document", "tool_result"}
_MODELS = {"text", "thinking", "redacted_thinking", "tool_use"}


def check_request(version: str, body: Mapping[str, Any]) -> None:
    """Fails where the API would refuse the request."""
    assert body.keys() <= _VERSIONS[version], "Extra inputs are not permitted"
    assert version == "2026-10-21" or body.keys() & _SAMPLING, "an old version without need"
    assert isinstance(body["max_tokens"], int), "max_tokens: Field required"
    assert body["messages"], "at least one message is required"
    for message in body["messages"]:
        _check_message(message["role"], message["content"])
    around: dict[str, Any] = {"content": []}
    for message, following in pairwise([around, *body["messages"], around]):
        _check_calls(message["content"], following["content"])
    assert all(each["text"].strip() for each in body.get("system", ())), "blank text"
    for tool in body.get("tools", ()):
        assert tool["input_schema"]["type"] == "object", "input_schema.type: Input should be object"
    if "format" in body.get("output_config", {}):
        _check_schema(body["output_config"]["format"]["schema"])


def _check_message(role: str, content: list[dict[str, Any]]) -> None:
    kinds = [block["type"] for block in content]
    assert kinds, "all messages must have non-empty content"
    assert set(kinds) <= {"user": _USERS, "assistant": _MODELS}[role], (role, kinds)
    texts = [block["text"] for block in content if block["type"] == "text"]
    assert all(text.strip() for text in texts), "text content blocks must contain text"
    results = [kind == "tool_result" for kind in kinds]
    assert results == sorted(results, reverse=True), "results come first"
    for block in content:
        if block["type"] == "tool_result" and block.get("is_error"):
            assert block["content"], "content cannot be empty if is_error is true"


def _check_calls(content: list[dict[str, Any]], following: list[dict[str, Any]]) -> None:
    called = [block["id"] for block in content if block["type"] == "tool_use"]
    answered = [block["tool_use_id"] for block in following if block["type"] == "tool_result"]
    assert sorted(called) == sorted(answered), "tool_use without tool_result just after it"


def _check_schema(schema: Mapping[str, Any]) -> None:
    if schema.get("type") == "object":
        assert schema["additionalProperties"] is False, "objects have to be closed"
    assert not schema.keys() & {"minimum", "maximum", "minLength", "maxLength", "maxItems"}
    for each in schema.get("properties", {}).values():
        _check_schema(each)
    if "items" in schema:
        _check_schema(schema["items"])
