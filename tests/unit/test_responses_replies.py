"""What answers of the Responses API are read as, beyond what all vendors' are."""

from collections.abc import Callable
from typing import Any

import pytest

from promptpilot.domain.message import CallTurn, Message, ResultTurn, ToolCall
from promptpilot.domain.model import Completion
from promptpilot.step_errors import (
    ContextTooLong,
    ModelError,
    ModelRateLimited,
    ModelRefused,
    ModelRejectedRequest,
    ModelUnavailable,
)
from tests.unit.responses_answers import (
    CALL,
    HELLO,
    MESSAGE,
    REASONING,
    REQUEST,
    body,
    ends,
    response,
    streamed,
    whole,
)


@pytest.mark.parametrize(
    ("answer", "expected", "word"),
    [
        (response(status="failed", error={"code": "server_error"}), ModelUnavailable, "server_e"),
        (
            response(status="failed", error={"code": "rate_limit_exceeded", "message": "XYZZY"}),
            ModelRateLimited,
            "rate_limit",
        ),
        (
            response(status="failed", error={"code": "context_length_exceeded"}),
            ContextTooLong,
            "context",
        ),
        (response(status="failed", error={"code": "invalid_prompt"}), ModelRefused, "invalid_pr"),
        (response(status="failed", error={"code": "bio_policy"}), ModelRefused, "bio_policy"),
        (response(MESSAGE, status="cancelled"), ModelUnavailable, "cancelled"),
        (response(MESSAGE, status="XYZZY 1"), ModelUnavailable, "unknown"),
        (response(MESSAGE, status=None), ModelUnavailable, "unknown"),
        (
            response(MESSAGE, status="incomplete", incomplete_details={"reason": "content_filter"}),
            ModelRefused,
            "declined",
        ),
        (response(REASONING), ModelUnavailable, "without any text"),
        (response(), ModelUnavailable, "without any text"),
    ],
)
@pytest.mark.parametrize("read", [whole, lambda answer: streamed(ends(answer))])
def test_what_is_no_answer_is_an_error(
    answer: dict[str, Any],
    expected: type[ModelError],
    word: str,
    read: Callable[[Any], Completion],
) -> None:
    with pytest.raises(ModelError) as raised:
        read(answer)
    assert type(raised.value) is expected
    assert word in raised.value.reason
    assert "XYZZY" not in raised.value.reason


def test_an_answer_that_ran_out_of_tokens_while_it_was_reasoned_about_is_cut_off() -> None:
    cut = response(
        REASONING, status="incomplete", incomplete_details={"reason": "max_output_tokens"}
    )
    for completion in (whole(cut), streamed(ends(cut))):
        assert completion.text == ""
        assert completion.finish_reason == "length"


def test_why_else_it_is_incomplete_is_told_in_openais_words() -> None:
    told = response(MESSAGE, status="incomplete", incomplete_details={"reason": "steered"})
    assert whole(told).finish_reason == "steered"


def test_several_messages_are_one_text() -> None:
    assert whole(response(MESSAGE, REASONING, MESSAGE)).text == "Hello.Hello."


@pytest.mark.parametrize(
    ("usage", "known"),
    [
        ({"input_tokens": 5, "output_tokens": 1}, True),
        ({"input_tokens": 5}, False),
        ({"input_tokens": -5, "output_tokens": 1}, False),
        ({"input_tokens": 5, "output_tokens": True}, False),
        (
            {
                "input_tokens": 5,
                "output_tokens": 1,
                "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
            },
            False,
        ),
    ],
)
def test_usage_is_taken_where_it_is_sound(usage: Any, known: bool) -> None:
    assert (whole(response(MESSAGE, usage=usage)).usage is not None) is known


def test_items_come_back_as_they_were_and_reasoning_that_is_stored_nowhere_does_not() -> None:
    kept = {**REASONING, "encrypted_content": "gAAA", "status": None}
    called = whole(response(REASONING, kept, MESSAGE, CALL))
    turn = CallTurn(content=called.text, tool_calls=called.tool_calls, opaque=called.opaque)
    result = ResultTurn(call_id="call_1", name="weather", content="Rain.")
    told = body(REQUEST.model_copy(update={"messages": (HELLO, turn, result)}))["input"]
    output = {"type": "function_call_output", "call_id": "call_1", "output": "Rain."}
    assert told[1:] == [kept, MESSAGE, CALL, output]


def test_calls_that_were_changed_go_without_what_was_kept_of_them() -> None:
    called = whole(response({**REASONING, "encrypted_content": "gAAA"}, CALL))
    changed = ToolCall(id="call_2", name="weather")
    turn = CallTurn(content="Wait.", tool_calls=(changed,), opaque=called.opaque)
    told = body(REQUEST.model_copy(update={"messages": (HELLO, turn)}))["input"]
    assert [each["type"] for each in told[1:]] == ["message", "function_call"]
    assert told[2]["call_id"] == "call_2"


def test_another_model_is_told_the_calls_alone() -> None:
    called = whole(response({**REASONING, "encrypted_content": "gAAA"}, CALL))
    turn = CallTurn(tool_calls=called.tool_calls, opaque=called.opaque)
    other = REQUEST.model_copy(update={"model": "openai/o9", "messages": (HELLO, turn)})
    assert [each["type"] for each in body(other)["input"][1:]] == ["function_call"]


def test_arguments_that_are_an_object_are_taken_as_one() -> None:
    (call,) = whole(response({**CALL, "arguments": {"city": "Bern"}})).tool_calls
    assert call.arguments == {"city": "Bern"}


@pytest.mark.parametrize(
    ("model", "reasons"),
    [
        ("gpt-5", True),
        ("o4-mini", True),
        ("something-new", True),
        ("gpt-4o-mini", False),
        ("gpt-4.1", False),
        ("gpt-5-chat-latest", False),
        ("gpt-5.1-chat-latest", False),
        ("gpt-5.6-sol", True),
        ("ft:gpt-4o-2024-08-06:us::x", False),
    ],
)
def test_reasoning_is_asked_for_where_there_can_be_any(model: str, reasons: bool) -> None:
    request = REQUEST.model_copy(update={"model": f"openai/{model}"})
    assert ("include" in body(request)) is reasons
    assert "include" not in body(request.model_copy(update={"tools": ()}))


def test_a_call_without_an_id_gets_one_of_its_own() -> None:
    nameless = {key: value for key, value in CALL.items() if key != "call_id"}
    first, second = whole(response(nameless, nameless)).tool_calls
    assert first.id != second.id


def test_attachments_of_the_assistants_are_refused() -> None:
    message = Message.model_validate(
        {
            "role": "assistant",
            "content": "x",
            "attachments": [{"blob": "1" * 64, "media_type": "image/png"}],
        }
    )
    with pytest.raises(ModelRejectedRequest, match="assistant"):
        body(REQUEST.model_copy(update={"messages": (message,)}))
