"""Gemini's answers as streams."""

import json
import time
from typing import Any

import pytest

from promptpilot.adapters.models.gemini.wire import Gemini
from promptpilot.domain.model import Completion
from promptpilot.step_errors import ModelOverloaded, ModelUnavailable
from tests.scripted_openai import events
from tests.unit.gemini_answers import REQUEST, TEXT, answer, call, streamed


def test_a_stream_that_ends_without_a_reason_to_finish_was_cut_off() -> None:
    with pytest.raises(ModelUnavailable, match="before its answer was complete"):
        streamed(answer(TEXT, finish=None))
    with pytest.raises(ModelUnavailable, match="before its answer was complete"):
        streamed()


@pytest.mark.parametrize(
    "plain", [{"error": {"code": 503, "status": "UNAVAILABLE", "message": "The prompt."}}]
)
@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("indent", [None, 2])
def test_an_error_in_a_stream_may_be_plain_json(plain: Any, listed: bool, indent: Any) -> None:
    told = json.dumps([plain] if listed else plain, indent=indent).encode()
    with pytest.raises(ModelOverloaded, match=r"\(status 503, UNAVAILABLE\)"):
        streamed(answer(TEXT, finish=None), plain=told)
    with pytest.raises(ModelOverloaded, match=r"\(status 503, UNAVAILABLE\)"):
        streamed(plain=told)


def test_a_stream_of_something_else_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match="no answer of Gemini's"):
        streamed("XYZZY")


def test_a_stream_has_begun_with_its_first_thought_or_call_or_text() -> None:
    for part in ({"text": "Hm.", "thought": True}, call("time"), TEXT):
        reader = Gemini().reader(REQUEST, lambda text: None)
        reader.take(events(answer({"text": ""}, finish=None)))
        assert not reader.begun
        reader.take(events(answer(part)))
        assert reader.begun


def test_the_time_to_the_first_token_is_that_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter((10.0, 10.25, 99.0, 100.0))
    monkeypatch.setattr(time, "perf_counter", lambda: next(seconds))
    told = streamed(answer({"text": ""}, finish=None), answer(TEXT, finish=None), answer(TEXT))
    assert told.time_to_first_token_ms == 250


def test_pieces_after_the_first_that_says_it_has_finished_are_read() -> None:
    assert streamed(answer(TEXT), answer({"text": " Well?"})).text == "Hello. Well?"


LONG = events(
    answer({"text": "Grüezi, ", "thought": False}, finish=None),
    answer({"text": "Zürich – 你好."}, finish=None),
    answer(call("time", {"zone": "Zürich"}, thoughtSignature="c2ln"), finish=None),
    answer({"text": ""}, usageMetadata={"promptTokenCount": 3, "candidatesTokenCount": 4}),
)


def read(*pieces: bytes) -> Completion:
    reader = Gemini().reader(REQUEST, lambda text: None)
    for piece in pieces:
        reader.take(piece)
    return reader.completion().model_copy(update={"time_to_first_token_ms": None})


def test_a_stream_is_the_same_wherever_it_is_cut_into_pieces() -> None:
    expected = read(LONG)
    assert expected.text == "Grüezi, Zürich – 你好."
    assert expected.usage
    for cut in range(len(LONG)):
        assert read(LONG[:cut], LONG[cut:]) == expected
    assert read(*(LONG[n : n + 1] for n in range(len(LONG)))) == expected


def test_a_stream_that_is_broken_off_anywhere_is_no_answer() -> None:
    for end in range(len(LONG)):
        with pytest.raises(ModelUnavailable, match="before its answer was complete"):
            read(LONG[:end])
