"""What Gemini's answers are read as, whole and in pieces."""

from typing import Any

import pytest

from promptpilot.domain.model import Usage
from promptpilot.step_errors import (
    ModelAuthFailed,
    ModelError,
    ModelOverloaded,
    ModelRefused,
    ModelRejectedRequest,
    ModelUnavailable,
)
from tests.unit.gemini_answers import REQUEST, TEXT, answer, call, streamed, whole


def test_thoughts_are_no_part_of_the_answer() -> None:
    told = answer({"text": "Hm.", "thought": True}, TEXT, {"text": " Well?"})
    assert whole(told).text == "Hello. Well?"
    texts: list[str] = []
    assert streamed(told, texts=texts).text == "Hello. Well?"
    assert texts == ["Hello. Well?"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [("gemini-3-pro-001", "google/gemini-3-pro-001"), ("models/x", "google/x"), (None, None)],
)
def test_the_served_model_is_named_as_ours_are(told: str | None, expected: str | None) -> None:
    assert whole(answer(TEXT, modelVersion=told)).model == (expected or REQUEST.model)


@pytest.mark.parametrize(
    ("finish", "expected"), [("STOP", "stop"), ("MAX_TOKENS", "length"), ("OTHER", "OTHER")]
)
def test_why_it_finished_is_told_in_our_words_where_we_have_one(finish: str, expected: str) -> None:
    assert whole(answer(TEXT, finish=finish)).finish_reason == expected
    assert streamed(answer(TEXT, finish=finish)).finish_reason == expected


REFUSALS = (
    "SAFETY",
    "RECITATION",
    "PROHIBITED_CONTENT",
    "BLOCKLIST",
    "SPII",
    "LANGUAGE",
    "IMAGE_SAFETY",
)


@pytest.mark.parametrize(
    ("told", "kind", "word"),
    [
        *((answer(TEXT, finish=each), ModelRefused, each) for each in REFUSALS),
        ({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, ModelRefused, "PROHIBITED"),
        (answer(finish="MALFORMED_FUNCTION_CALL"), ModelUnavailable, "MALFORMED_FUNCTION_CALL"),
        (answer(call("x"), finish="UNEXPECTED_TOOL_CALL"), ModelUnavailable, "UNEXPECTED"),
        (answer(finish="MISSING_THOUGHT_SIGNATURE"), ModelRejectedRequest, "MISSING"),
        (answer(finish="PUP_LIMITED_DISABLED"), ModelAuthFailed, "PUP_LIMITED_DISABLED"),
        (answer(), ModelUnavailable, r"without any text \(STOP\)"),
        (answer({"text": "Hm.", "thought": True}), ModelUnavailable, "without any text"),
        (answer(finish="Sorry, XYZZY"), ModelUnavailable, "without any text.$"),
        ({"error": {"code": 503, "status": "UNAVAILABLE"}}, ModelOverloaded, "UNAVAILABLE"),
    ],
)
def test_an_answer_that_is_none_is_an_error_with_googles_word_for_it(
    told: Any, kind: type[ModelError], word: str
) -> None:
    with pytest.raises(kind, match=word):
        whole(told)
    with pytest.raises(kind, match=word):
        streamed(told)


def test_no_text_is_sent_on_of_a_piece_that_ends_in_a_refusal() -> None:
    texts: list[str] = []
    with pytest.raises(ModelRefused):
        streamed(answer(TEXT, finish=None), answer(TEXT, finish="SAFETY"), texts=texts)
    assert texts == ["Hello."]


def test_an_answer_that_was_all_thought_when_it_was_cut_off_is_an_empty_one() -> None:
    for completion in (whole(answer(finish="MAX_TOKENS")), streamed(answer(finish="MAX_TOKENS"))):
        assert (completion.text, completion.finish_reason) == ("", "length")


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({}, "no candidates"),
        ({"candidates": []}, "no candidates"),
        ([], "no candidates"),
        ({"candidates": None}, "something else than an answer of Gemini's, at 0.candidates"),
        ("Hello", "something else than an answer of Gemini's"),
        (answer({"text": 7}), "at 0.candidates.0.content.parts.0.text"),
        (answer({"functionCall": {}}), "parts.0.functionCall.name"),
    ],
)
def test_what_is_no_answer_is_refused_with_a_reason(told: Any, reason: str) -> None:
    with pytest.raises(ModelUnavailable) as raised:
        whole(told)
    assert reason in raised.value.reason


def test_pieces_that_come_as_a_list_are_one_answer() -> None:
    assert whole([answer(TEXT, finish=None), answer({"text": " Well?"})]).text == "Hello. Well?"


FULL = {
    "promptTokenCount": 12,
    "toolUsePromptTokenCount": 3,
    "cachedContentTokenCount": 4,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 2,
    "totalTokenCount": 22,
}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (FULL, Usage(input_tokens=15, cached_tokens=4, output_tokens=7, reasoning_tokens=2)),
        (
            {"promptTokenCount": 12, "candidatesTokenCount": 5},
            Usage(input_tokens=12, output_tokens=5),
        ),
        (
            {"promptTokenCount": 12, "thoughtsTokenCount": 9, "totalTokenCount": 21},
            Usage(input_tokens=12, output_tokens=9, reasoning_tokens=9),
        ),
        ({"promptTokenCount": 12, "totalTokenCount": 12}, Usage(input_tokens=12)),
        ({"promptTokenCount": 12, "totalTokenCount": 21}, None),
        ({"promptTokenCount": 12}, None),
        ({"candidatesTokenCount": 5, "totalTokenCount": 5}, None),
        ({}, None),
        (None, None),
        ("many", None),
        (FULL | {"promptTokenCount": -1}, None),
        (FULL | {"thoughtsTokenCount": 2.5}, None),
        (FULL | {"candidatesTokenCount": True}, None),
        (FULL | {"cachedContentTokenCount": 16}, None),
    ],
)
def test_usage_is_taken_where_it_is_sound(told: Any, expected: Usage | None) -> None:
    early = answer(TEXT, finish=None, usageMetadata={"promptTokenCount": 12, "totalTokenCount": 12})
    last = answer(TEXT, usageMetadata=told)
    assert whole(last).usage == expected
    assert streamed(early, last).usage == expected
