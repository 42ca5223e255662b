"""How an answer of ConverseStream is put together, and what is none."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptpilot.adapters.models.bedrock.stream import ConverseStream
from promptpilot.domain.message import ToolCall
from promptpilot.domain.model import Completion, Usage
from promptpilot.step_errors import (
    ContextTooLong,
    ModelAuthFailed,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRejectedRequest,
    ModelUnavailable,
)
from tests.contract.dialects.amazon_frames import event, exception, frame, message

MODEL = "bedrock/eu.anthropic.claude-test-v1:0"
START = event("messageStart", {"role": "assistant"})
METADATA = event("metadata", {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}})


def delta(index: int = 0, **of: Any) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": of})


def reasoning(**of: Any) -> bytes:
    return delta(0, reasoningContent=of)


def tool(index: int, id: str) -> bytes:
    start = {"toolUse": {"toolUseId": id, "name": "find"}}
    return event("contentBlockStart", {"contentBlockIndex": index, "start": start})


def stop(reason: str = "end_turn") -> bytes:
    return event("messageStop", {"stopReason": reason})


ANSWER = b"".join(
    [
        START,
        reasoning(text="Hm, "),
        reasoning(text="well."),
        reasoning(signature="c2ln"),
        delta(1, text="It is "),
        delta(1, text="in Köln."),
        event("contentBlockStop", {"contentBlockIndex": 1}),
        tool(2, "t1"),
        delta(2, toolUse={"input": '{"city": "K'}),
        delta(2, toolUse={"input": 'öln"}'}),
        tool(3, "t2"),
        stop("tool_use"),
        METADATA,
    ]
)
CONTENT = [
    {"reasoningContent": {"reasoningText": {"text": "Hm, well.", "signature": "c2ln"}}},
    {"text": "It is in Köln."},
    {"toolUse": {"toolUseId": "t1", "name": "find", "input": {"city": "Köln"}}},
    {"toolUse": {"toolUseId": "t2", "name": "find", "input": {}}},
]


class Reading:
    """A stream that is read, and the texts that came out of it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.stream = ConverseStream(self.texts.append, asked=MODEL, prefix="bedrock/")

    def of(self, *pieces: bytes) -> Completion:
        for piece in pieces:
            if self.stream.take(piece):
                break
        return self.stream.completion()


def read(*pieces: bytes) -> Completion:
    return Reading().of(*pieces)


@given(st.lists(st.integers(1, len(ANSWER) - 1), max_size=20))
def test_an_answer_is_the_same_however_its_bytes_are_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(ANSWER)]
    reading = Reading()

    answer = reading.of(*(ANSWER[start:end] for start, end in pairwise(edges)))

    assert answer.text == "It is in Köln."
    assert reading.texts == ["It is ", "in Köln."]
    assert answer.tool_calls == (
        ToolCall(id="t1", name="find", arguments={"city": "Köln"}),
        ToolCall(id="t2", name="find"),
    )
    assert answer.opaque == {"model": MODEL, "content": CONTENT}
    assert answer.usage == Usage(input_tokens=3, output_tokens=2)


@given(st.integers(0, len(ANSWER) - 1), st.integers(1, 255))
def test_no_damaged_byte_is_read(place: int, change: int) -> None:
    damaged = bytearray(ANSWER)
    damaged[place] ^= change
    with pytest.raises(ModelUnavailable):
        read(bytes(damaged))


@pytest.mark.parametrize(
    "rubbish",
    [
        b"data: this is another format\n\n",
        message(b"\x01a\x63", b""),  # a type of header that there is not
        message(b"\x05a", b""),  # a header that ends early
        message(b"\x01\xff\x07\x00\x01a", b""),  # a name that is no text
        message(b"\x01a\x00\x01a\x00", b""),  # a header twice
        event("messageStop", {"stopReason": None}),
        event("contentBlockDelta", {}),
        frame({":message-type": "event", ":event-type": "messageStop"}, b"not JSON"),
        frame({"no": "type"}, b"{}"),
    ],
)
def test_what_is_no_answer_of_converse_is_told(rubbish: bytes) -> None:
    with pytest.raises(ModelUnavailable):
        read(START, rubbish, stop(), METADATA)


def test_events_of_a_later_day_are_passed_over() -> None:
    later = event("citationsSummary", {"contentBlockIndex": 0})
    image = event("contentBlockStart", {"contentBlockIndex": 7, "start": {"image": {}}})
    answer = read(START, later, image, delta(text="Yes."), stop(), METADATA)
    assert (answer.text, answer.tool_calls) == ("Yes.", ())


def test_the_stream_is_over_with_its_metadata() -> None:
    stream = Reading().stream
    assert [stream.take(each) for each in (START, delta(text="Yes."), stop(), METADATA)] == [
        False,
        False,
        False,
        True,
    ]


def test_an_answer_that_was_complete_is_worth_having_without_its_usage() -> None:
    answer = read(START, delta(text="Yes."), stop())
    assert (answer.text, answer.usage) == ("Yes.", None)


def test_an_answer_that_ends_early_is_none() -> None:
    with pytest.raises(ModelUnavailable):
        read(START, delta(text="Yes"))


@pytest.mark.parametrize(
    ("first", "begun"),
    [
        (START, False),
        (delta(text=""), False),
        (delta(text="Y"), True),
        (reasoning(text="Hm"), True),
        (tool(0, "t1"), True),
        (event("contentBlockStart", {"contentBlockIndex": 0, "start": {}}), False),
    ],
)
def test_an_answer_has_begun_with_its_first_text_reasoning_or_call(
    first: bytes, *, begun: bool
) -> None:
    stream = Reading().stream
    stream.take(first)
    assert stream.begun is begun


def test_reasoning_that_is_hidden_is_kept_too() -> None:
    answer = read(START, reasoning(redactedContent="aGlkZGVu"), tool(1, "t1"), stop("tool_use"))
    assert answer.opaque["content"] == [
        {"reasoningContent": {"redactedContent": "aGlkZGVu"}},
        {"toolUse": {"toolUseId": "t1", "name": "find", "input": {}}},
    ]


@pytest.mark.parametrize(
    "written", ['{"city": ', '["Köln"]', "[" * 100_000, '{"n": NaN}', r'{"x": "\ud800"}']
)
def test_the_input_of_a_tool_that_is_no_object_is_told_as_malformed(written: str) -> None:
    answer = read(START, tool(0, "t1"), delta(0, toolUse={"input": written}), stop("tool_use"))
    (call,) = answer.tool_calls
    assert call.arguments == {}
    assert call.malformed == written


def test_what_a_guardrail_put_in_place_of_an_answer_is_none() -> None:
    with pytest.raises(ModelRefused):
        read(START, delta(text="Sorry."), stop("guardrail_intervened"), METADATA)


@pytest.mark.parametrize(
    ("name", "words", "expected"),
    [
        ("throttlingException", "", ModelRateLimited),
        ("serviceUnavailableException", "", ModelOverloaded),
        ("internalServerException", "", ModelUnavailable),
        ("modelStreamErrorException", "", ModelUnavailable),
        ("validationException", "topP", ModelRejectedRequest),
        ("validationException", "Input is too long.", ContextTooLong),
        ("exceptionOfALaterDay", "", ModelUnavailable),
    ],
)
def test_an_exception_breaks_the_answer_off(name: str, words: str, expected: type) -> None:
    with pytest.raises(expected) as raised:
        read(START, delta(text="Yes"), exception(name, f"{words} the prompt said XYZZY"))
    assert name[1:] in raised.value.reason
    assert "XYZZY" not in raised.value.reason


def test_an_error_that_the_service_does_not_describe_breaks_the_answer_off_too() -> None:
    headers = {
        ":message-type": "error",
        ":error-code": "UnrecognizedClientException",
        ":error-message": "XYZZY",
    }
    with pytest.raises(ModelAuthFailed) as raised:
        read(START, frame(headers, b""))
    assert "XYZZY" not in raised.value.reason
