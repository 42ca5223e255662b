"""What Anthropic answers in a stream, beyond what every vendor's stream has."""

from typing import Any

import pytest

from promptpilot.adapters.models.anthropic_messages.stream import MessageStream
from promptpilot.domain.message import ToolCall
from promptpilot.domain.model import Usage
from promptpilot.step_errors import (
    ContextTooLong,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRejectedRequest,
    ModelUnavailable,
    ModelUnknown,
)
from tests.contract.dialects.anthropic import event

MODEL = "anthropic/claude-test"
START = {"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 1}


def start(**fields: Any) -> bytes:
    message: dict[str, Any] = {
        "type": "message",
        "content": [],
        "model": "claude-test",
        "stop_reason": None,
    }
    return event("message_start", message={**message, "usage": START, **fields})


def begins(index: int, **block: Any) -> bytes:
    return event("content_block_start", index=index, content_block=block)


def goes_on(index: int, kind: str, **delta: Any) -> bytes:
    return event("content_block_delta", index=index, delta={"type": kind, **delta})


def stops(reason: str | None = "end_turn", **fields: Any) -> bytes:
    delta = {"stop_reason": reason, **fields.pop("delta", {})}
    return event("message_delta", delta=delta, **{"usage": {"output_tokens": 9}, **fields})


STOP = event("message_stop")
TEXT = begins(0, type="text", text="") + goes_on(0, "text_delta", text="Hello.")


def reader(told: list[str] | None = None) -> MessageStream:
    return MessageStream(
        (told if told is not None else []).append, asked=MODEL, prefix="anthropic/"
    )


def read(*frames: bytes) -> MessageStream:
    stream = reader()
    stream.take(b"".join(frames))
    return stream


def test_pings_and_events_to_come_say_nothing() -> None:
    told: list[str] = []
    stream = reader(told)
    unknown = event("content_block_frobbed", index=0, text="x"), event("ping")
    more = goes_on(0, "citations_delta", citation={"type": "char_location"})
    assert not stream.take(b"".join([start(), *unknown, TEXT, more, stops()]))
    assert stream.take(STOP)
    assert told == ["Hello."]
    assert stream.completion().text == "Hello."


def test_counts_are_cumulative_and_the_last_ones_hold() -> None:
    usage = {"input_tokens": 30, "output_tokens": 9, "output_tokens_details": None}
    assert read(start(), TEXT, stops(usage=usage), STOP).completion().usage == Usage(
        input_tokens=34, cached_tokens=4, output_tokens=9
    )
    thought = {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 2}}
    assert read(start(), TEXT, stops(usage=thought), STOP).completion().usage == Usage(
        input_tokens=7, cached_tokens=4, output_tokens=9, reasoning_tokens=2
    )


@pytest.mark.parametrize(
    ("beginning", "end"),
    [
        (None, {"output_tokens": 9}),
        (START, None),
        (START, {"output_tokens": "many"}),
        ({"input_tokens": -3, "output_tokens": 1}, {"output_tokens": 9}),
    ],
)
def test_counts_that_are_not_told_in_the_end_are_unknown(beginning: Any, end: Any) -> None:
    stream = read(start(usage=beginning), TEXT, stops(usage=end), STOP)
    assert stream.completion().usage is None


def test_thinking_is_put_together_with_its_signature_and_kept_with_the_calls() -> None:
    stream = read(
        start(),
        begins(0, type="thinking", thinking="", signature=""),
        goes_on(0, "thinking_delta", thinking="H"),
        goes_on(0, "thinking_delta", thinking="m."),
        goes_on(0, "signature_delta", signature="c2ln"),
        begins(1, type="redacted_thinking", data="c2VjcmV0"),
        begins(2, type="text", text=""),
        goes_on(2, "text_delta", text="Wait."),
        begins(3, type="tool_use", id="t1", name="weather", input={}),
        goes_on(3, "input_json_delta", partial_json=""),
        goes_on(3, "input_json_delta", partial_json='{"city":'),
        goes_on(3, "input_json_delta", partial_json=' "Bern"}'),
        begins(4, type="tool_use", id="t2", name="time", input={}),
        stops("tool_use"),
        STOP,
    )
    completion = stream.completion()
    assert completion.tool_calls == (
        ToolCall(id="t1", name="weather", arguments={"city": "Bern"}),
        ToolCall(id="t2", name="time"),
    )
    assert completion.opaque["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "c2VjcmV0"},
        {"type": "text", "text": "Wait."},
        {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Bern"}},
        {"type": "tool_use", "id": "t2", "name": "time", "input": {}},
    ]


@pytest.mark.parametrize(
    "written", ['{"city": "Be', "[1]", '"x"', "NaN", '{"a": 1e999}', '{"a": "\\ud800"}']
)
def test_arguments_that_are_no_json_object_are_malformed(written: str) -> None:
    stream = read(
        start(),
        begins(0, type="tool_use", id="t1", name="weather", input={}),
        goes_on(0, "input_json_delta", partial_json=written),
        stops("max_tokens"),
        STOP,
    )
    (call,) = stream.completion().tool_calls
    assert call.arguments == {}
    assert call.malformed == written


@pytest.mark.parametrize(
    ("frames", "begun"),
    [
        ((start(),), False),
        ((start(), event("ping")), False),
        ((start(), begins(0, type="text", text="")), False),
        ((start(), TEXT), True),
        ((start(), begins(0, type="thinking", thinking="", signature="")), True),
        ((start(), begins(0, type="tool_use", id="t", name="n", input={})), True),
    ],
)
def test_an_answer_has_begun_with_text_thinking_or_a_call(
    frames: tuple[bytes, ...], begun: bool
) -> None:
    assert read(*frames).begun is begun


def test_a_block_may_begin_with_text() -> None:
    told: list[str] = []
    stream = reader(told)
    stream.take(start() + begins(0, type="text", text="Hel") + goes_on(0, "text_delta", text="lo."))
    stream.take(stops() + STOP)
    assert "".join(told) == stream.completion().text == "Hello."


def test_text_of_other_kinds_is_not_the_answers() -> None:
    told: list[str] = []
    stream = reader(told)
    stream.take(start() + begins(0, type="song", text="La") + goes_on(0, "text_delta", text="la"))
    stream.take(begins(1, type="text", text="Hi.") + stops() + STOP)
    assert "".join(told) == stream.completion().text == "Hi."


def test_a_refusal_in_the_end_is_one() -> None:
    details = {"stop_details": {"type": "refusal", "category": "bio"}}
    with pytest.raises(ModelRefused, match="bio"):
        read(start(), TEXT, stops("refusal", delta=details), STOP).completion()


@pytest.mark.parametrize("frames", [(), (start(),), (start(), TEXT), (start(), TEXT, STOP)])
def test_a_stream_that_does_not_say_why_it_ended_is_no_answer(frames: tuple[bytes, ...]) -> None:
    with pytest.raises(ModelUnavailable):
        read(*frames).completion()


@pytest.mark.parametrize(
    "frame",
    [
        b"data: {\n\n",
        b"data: []\n\n",
        b"data: [DONE]\n\n",
        b"data: {}\n\n",
        event("message_start"),
        begins(0, text="no type"),
        begins(0, type="tool_use", input={}),
        goes_on(7, "text_delta", text="of no block"),
        event("content_block_delta", index="0", delta=[]),
        event("message_delta", delta=None),
    ],
)
def test_what_is_no_event_is_no_answer(frame: bytes) -> None:
    with pytest.raises(ModelUnavailable):
        read(start(), frame)


@pytest.mark.parametrize(
    ("kind", "words", "error"),
    [
        ("overloaded_error", "XYZZY", ModelOverloaded),
        ("rate_limit_error", "XYZZY", ModelRateLimited),
        ("api_error", "XYZZY", ModelUnavailable),
        ("invalid_request_error", "XYZZY", ModelRejectedRequest),
        ("invalid_request_error", "prompt is too long: XYZZY", ContextTooLong),
        ("not_found_error", "XYZZY", ModelUnknown),
        ("later_error", "XYZZY", ModelUnavailable),
        (None, "XYZZY", ModelUnavailable),
    ],
)
def test_an_error_in_a_stream_is_told_by_its_type(
    kind: str | None, words: str, error: type[ModelError]
) -> None:
    with pytest.raises(error) as raised:
        read(start(), TEXT, event("error", error={"type": kind, "message": words}))
    assert type(raised.value) is error
    assert "XYZZY" not in raised.value.reason
    assert (kind or "error") in raised.value.reason
    if isinstance(raised.value, ModelUnknown):
        assert raised.value.model == MODEL


@pytest.mark.parametrize("error", [None, "XYZZY", []])
def test_an_error_of_another_form_is_one_all_the_same(error: Any) -> None:
    with pytest.raises(ModelUnavailable) as raised:
        read(start(), event("error", error=error))
    assert "XYZZY" not in raised.value.reason
