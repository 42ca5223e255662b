"""What streams of the Responses API are read as, beyond what all vendors' are."""

from typing import Any

import pytest

from promptpilot.domain.message import ToolCall
from promptpilot.step_errors import (
    ContextTooLong,
    ModelError,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
)
from tests.scripted_openai import events
from tests.unit.responses_answers import (
    CALL,
    MESSAGE,
    REASONING,
    REQUEST,
    WIRE,
    ends,
    response,
    streamed,
)


def test_a_stream_whose_end_has_no_items_is_read_by_those_that_came_before() -> None:
    done = {"type": "response.output_item.done"}
    completion = streamed(
        {**done, "output_index": 1, "item": CALL},
        {**done, "output_index": 0, "item": {**REASONING, "encrypted_content": "e"}},
        ends(response()),
    )
    assert completion.tool_calls == (ToolCall(id="call_1", name="weather"),)
    assert [each["type"] for each in completion.opaque["responses"]["openai/gpt-5"]] == [
        "reasoning",
        "function_call",
    ]


def test_a_text_that_comes_at_the_end_alone_is_told() -> None:
    texts: list[str] = []
    assert streamed(ends(response(MESSAGE)), texts=texts).text == "Hello."
    assert texts == ["Hello."]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"type": "error", "code": "rate_limit_exceeded", "message": "XYZZY"}, ModelRateLimited),
        ({"type": "error", "error": {"code": "rate_limit_exceeded"}}, ModelRateLimited),
        ({"error": {"code": "context_length_exceeded"}}, ContextTooLong),
        ({"type": "error"}, ModelUnavailable),
        ({"type": "response.output_text.delta", "delta": {"XYZZY": 1}}, ModelUnavailable),
        ({"type": "response.completed"}, ModelUnavailable),
        ({"type": "response.completed", "response": {"output": "XYZZY"}}, ModelUnavailable),
        ({"type": "response.refusal.delta", "delta": "XYZZY"}, ModelRefused),
        ("{broken XYZZY", ModelUnavailable),
        ("[DONE]", ModelUnavailable),
    ],
)
def test_an_event_that_ends_an_answer_is_an_error(event: Any, expected: type[ModelError]) -> None:
    with pytest.raises(ModelError) as raised:
        streamed({"type": "response.output_text.delta", "delta": "Hel"}, event)
    assert type(raised.value) is expected
    assert "XYZZY" not in str(raised.value)


def test_events_that_say_nothing_of_the_answer_are_passed_over() -> None:
    completion = streamed(
        {"type": "response.queued"},
        {"type": "response.web_search_call.searching", "item_id": "x"},
        {"type": "some.new.event", "delta": 7},
        {"type": "response.output_text.delta", "delta": "Hello."},
        ends(response(MESSAGE)),
        {"type": "response.output_text.delta", "delta": "More."},
    )
    assert completion.text == "Hello."


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.output_item.added", "item": REASONING},
        {"type": "response.output_item.added", "item": CALL},
        {"type": "response.reasoning_summary_text.delta", "delta": "Hm"},
        {"type": "response.output_text.delta", "delta": "H"},
    ],
)
def test_an_answer_has_begun_with_reasoning_a_call_or_text(event: dict[str, Any]) -> None:
    reader = WIRE.reader(REQUEST, lambda _: None)
    reader.take(events({"type": "response.created", "response": response(status="in_progress")}))
    reader.take(events({"type": "response.output_item.added", "item": {**MESSAGE, "content": []}}))
    assert not reader.begun
    reader.take(events(event))
    assert reader.begun


def test_a_stream_is_done_with_its_end_though_the_connection_stays_open() -> None:
    reader = WIRE.reader(REQUEST, lambda _: None)
    assert reader.take(events({"type": "response.output_text.delta", "delta": "Hello."})) is False
    assert reader.take(events(ends(response(MESSAGE)))) is True
