"""What Anthropic answers, whole, as our completion."""

import json
from typing import Any

import pytest

from promptpilot.adapters.models.anthropic_messages.wire import AnthropicMessages
from promptpilot.adapters.models.http.wire import Reply
from promptpilot.domain.message import Message, ToolCall
from promptpilot.domain.model import Completion, ModelRequest, Usage
from promptpilot.step_errors import ModelRefused, ModelUnavailable

REQUEST = ModelRequest(
    model="anthropic/claude-test", messages=(Message(role="user", content="Hello?"),)
)
TEXT = {"type": "text", "text": "Hello.", "citations": None}
THINKING = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
REDACTED = {"type": "redacted_thinking", "data": "c2VjcmV0"}
USE = {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Bern"}}
USAGE = {
    "input_tokens": 3,
    "cache_read_input_tokens": 4,
    "cache_creation_input_tokens": 5,
    "output_tokens": 7,
    "output_tokens_details": {"thinking_tokens": 2},
}


def read(*content: dict[str, Any], **fields: Any) -> Completion:
    message = {"type": "message", "model": "claude-test-20261001", "stop_reason": "end_turn"}
    body = json.dumps({**message, "usage": USAGE, "content": content or (TEXT,), **fields})
    reply = Reply("application/json", body.encode())
    return AnthropicMessages("anthropic/").completion(reply, REQUEST)


def test_a_message_is_its_texts() -> None:
    completion = read(TEXT, {"type": "text", "text": " Bye."})
    assert completion == Completion(
        text="Hello. Bye.",
        model="anthropic/claude-test-20261001",
        finish_reason="stop",
        usage=Usage(
            input_tokens=12,
            cached_tokens=4,
            cache_write_tokens=5,
            output_tokens=7,
            reasoning_tokens=2,
        ),
    )


@pytest.mark.parametrize(
    ("told", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("pause_turn", "pause_turn"),
        ("a_later_one", "a_later_one"),
    ],
)
def test_why_it_ended_is_told_in_our_words(told: str, finish: str) -> None:
    assert read(stop_reason=told).finish_reason == finish


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        (None, "The model declined to answer."),
        ({"type": "refusal", "category": None}, "The model declined to answer."),
        ({"type": "refusal", "category": "cyber"}, "The model declined to answer (cyber)."),
        ({"type": "refusal", "category": "it said XYZZY"}, "The model declined to answer."),
        ("of another form", "The model declined to answer."),
    ],
)
def test_a_refusal_names_its_category_and_quotes_nothing(details: Any, reason: str) -> None:
    with pytest.raises(ModelRefused) as refused:
        read(TEXT, stop_reason="refusal", stop_details=details)
    assert refused.value.reason == reason


def test_an_answer_of_calls_needs_no_text() -> None:
    completion = read(USE, stop_reason="tool_use")
    assert completion.text == ""
    assert completion.tool_calls == (ToolCall(id="t1", name="weather", arguments={"city": "Bern"}),)
    assert completion.opaque is None


def test_thinking_is_kept_with_the_calls_as_it_was() -> None:
    content = (THINKING, TEXT, REDACTED, {**USE, "caller": {"type": "direct"}})
    completion = read(*content, stop_reason="tool_use")
    assert completion.text == "Hello."
    assert completion.opaque == {"model": "anthropic/claude-test", "content": list(content)}


def test_thinking_without_calls_has_nowhere_to_go_back_to() -> None:
    completion = read(THINKING, TEXT)
    assert completion.text == "Hello."
    assert completion.opaque is None


@pytest.mark.parametrize("given", [[1], "x", None, 2**70, {"a": 2**70}])
def test_arguments_that_are_no_sound_object_are_malformed(given: Any) -> None:
    completion = read(THINKING, {**USE, "input": given}, stop_reason="tool_use")
    (call,) = completion.tool_calls
    assert call.arguments == {}
    assert call.malformed is not None
    assert completion.opaque["content"][1]["input"] == {}


def test_blocks_of_kinds_to_come_are_passed_over() -> None:
    assert read({"type": "song", "text": "La."}, TEXT).text == "Hello."


def test_an_answer_may_be_empty() -> None:
    """Anthropic: Claude may say nothing after the results of tools."""
    completion = read(content=[])
    assert (completion.text, completion.finish_reason) == ("", "stop")


@pytest.mark.parametrize(
    "usage",
    [
        None,
        "many",
        {},
        {"input_tokens": 3},
        {"output_tokens": 3},
        {**USAGE, "output_tokens": -1},
        {**USAGE, "cache_read_input_tokens": "4"},
    ],
)
def test_wrong_or_missing_counts_are_unknown(usage: Any) -> None:
    assert read(usage=usage).usage is None


def test_counts_of_the_cache_may_be_missing() -> None:
    assert read(usage={"input_tokens": 3, "output_tokens": 7}).usage == Usage(
        input_tokens=3, output_tokens=7
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"content": "text"}',
        b'{"content": [{"text": "no type"}]}',
        b'{"content": [{"type": "text", "text": null}]}',
        b'{"content": [{"type": "tool_use", "input": {}}]}',
        b'{"type": "error", "error": {"type": "api_error", "message": "XYZZY"}}',
    ],
)
def test_what_is_no_message_is_no_answer(body: bytes) -> None:
    with pytest.raises(ModelUnavailable) as raised:
        AnthropicMessages("anthropic/").completion(Reply("application/json", body), REQUEST)
    assert "XYZZY" not in raised.value.reason
