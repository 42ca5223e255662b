"""Calls of functions in Gemini's answers, and what is to come back with their results."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from promptpilot.domain.message import CallTurn, ResultTurn, ToolCall
from tests.unit.gemini_answers import REQUEST, TEXT, answer, call, streamed, whole


def test_calls_without_ids_get_ones_that_no_other_call_in_the_conversation_has() -> None:
    told = answer(call("weather", {"city": "Bern"}), call("weather"), call("a.b:c"))
    first = whole(told)
    ids = [each.id for each in first.tool_calls]
    assert ids == ["call-0-weather", "call-1-weather", "call-2-a-b-c"]
    assert first.tool_calls[0] == ToolCall(
        id="call-0-weather", name="weather", arguments={"city": "Bern"}
    )
    assert whole(told) == first
    turns = (
        *REQUEST.messages,
        CallTurn(tool_calls=first.tool_calls),
        *(ResultTurn(call_id=each.id, name=each.name, content="") for each in first.tool_calls),
    )
    second = whole(told, REQUEST.model_copy(update={"messages": turns}))
    assert second.tool_calls[0].id == "call-3-weather"


def test_an_id_is_never_longer_than_vendors_take() -> None:
    (made,) = whole(answer(call("x" * 90))).tool_calls
    assert len(made.id) == 64


@pytest.mark.parametrize(
    ("args", "malformed"),
    [(["Bern"], '["Bern"]'), ("Bern", '"Bern"'), ({"n": 2**70}, '{"n":1180591620717411303424}')],
)
def test_arguments_that_are_no_json_object_of_ours_are_told_as_they_are(
    args: Any, malformed: str
) -> None:
    (made,) = whole(answer(call("weather", args))).tool_calls
    assert (made.arguments, made.malformed) == ({}, malformed)


@pytest.mark.parametrize(
    ("finish", "expected"), [("STOP", "tool_calls"), ("MAX_TOKENS", "length"), (None, "tool_calls")]
)
def test_calls_are_why_it_finished_unless_it_was_cut_off(finish: Any, expected: str) -> None:
    assert whole(answer(call("time"), finish=finish)).finish_reason == expected


def kept(*told: Sequence[Mapping[str, Any]]) -> Any:
    """What is to come back of an answer with these pieces."""
    *first, last = told
    pieces = [*(answer(*each, finish=None) for each in first), answer(*last)]
    opaque = streamed(*pieces).opaque
    assert whole(pieces).opaque == opaque
    return opaque


def test_a_signature_comes_back_on_the_part_that_it_came_with() -> None:
    signed = call("time", {}, thoughtSignature="c2ln")
    thought = {"text": "Hm.", "thought": True, "thoughtSignature": "dGhpbms="}
    assert kept(
        [{"text": "I think.", "thought": True}, thought],
        [{"text": "Wait"}],
        [{"text": "."}, {"text": "!", "thoughtSignature": "dGV4dA=="}],
        [{"text": "?"}, signed, call("date"), {"executableCode": {"code": "1"}}],
    ) == {
        "gemini": [
            thought,
            {"text": "Wait."},
            {"text": "!", "thoughtSignature": "dGV4dA=="},
            {"text": "?"},
            signed,
            call("date"),
        ]
    }


def test_nothing_comes_back_but_what_the_turn_says_anyway_where_nothing_is_signed() -> None:
    assert kept([TEXT, call("time")]) is None
    assert kept([{"text": "Hello.", "thoughtSignature": "c2ln"}]) is None


def test_an_id_of_googles_comes_back() -> None:
    told = {"functionCall": {"name": "time", "id": "g-1"}}
    assert kept([told]) == {"gemini": [told]}
