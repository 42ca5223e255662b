"""What every vendor's adapter promises: how requests arrive, and what becomes of answers."""

import json
from typing import Any

import pytest

from promptpilot.domain.message import Message
from promptpilot.domain.model import Settings, Usage
from promptpilot.step_errors import ModelRefused, ModelRejectedRequest, ModelUnavailable
from tests.contract.dialects.dialect import ALL_SETTINGS, Said
from tests.contract.wire_rig import SECRET, WireRig, pieces_of

UNICODE = "naïve 日本語 🎉 \u2028 \x00 'quoted' \"twice\" \\ end"
MEGABYTE = "0123456789abcdef" * 65_536
SCHEMA = {
    "type": "object",
    "properties": {"mood": {"type": "string", "enum": ["happy", "sad"]}},
    "required": ["mood"],
    "additionalProperties": False,
}
SETTINGS: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.75,
    "max_tokens": 9,
    "stop": ("\n\n", "END"),
    "seed": 7,
    "reasoning_effort": "high",
    "reasoning_tokens": 2048,
}


@pytest.mark.parametrize(
    "text", ["Hello.", "", UNICODE, MEGABYTE], ids=["plain", "empty", "unicode", "1 MB"]
)
async def test_the_answer_arrives_as_it_was_given(rig: WireRig, text: str) -> None:
    rig.says(Said(text=text))
    completion = await rig.ask()
    assert completion.text == text
    assert completion.finish_reason == "stop"
    assert completion.tool_calls == ()
    assert "".join(rig.told) == (text if rig.stream else "")
    assert (completion.time_to_first_token_ms is not None) == bool(rig.stream and text)


async def test_the_served_model_is_named_as_ours_are(rig: WireRig) -> None:
    rig.says(Said())
    served = (await rig.ask()).model
    prefix = rig.dialect.model[: rig.dialect.model.index("/")]
    assert served.startswith(f"{prefix}/")
    assert served.endswith("served-model")


async def test_pieces_are_told_in_order(streaming: WireRig) -> None:
    pieces = tuple(f"{number} " for number in range(200))
    streaming.says(Said(text="".join(pieces)), pieces)
    completion = await streaming.ask()
    assert streaming.told == list(pieces)
    assert completion.text == "".join(pieces)


async def test_a_stream_that_comes_byte_by_byte_is_the_same(streaming: WireRig) -> None:
    said = Said(text=UNICODE, reasoning="Hm.")
    frames = b"".join(streaming.dialect.streamed(said, pieces_of(UNICODE)))
    streaming.server.behave = streaming.streams(*(bytes([each]) for each in frames))
    completion = await streaming.ask()
    assert completion.text == "".join(streaming.told) == UNICODE
    assert completion.usage is not None


async def test_an_answer_beyond_the_limit_is_given_up(rig: WireRig) -> None:
    rig.says(Said(text="x" * 9_000_000), ("x" * 1_000_000,) * 9)
    error = await rig.fails(ModelUnavailable)
    assert "too much" in error.reason


async def test_an_answer_that_was_cut_off_says_so(rig: WireRig) -> None:
    rig.says(Said(text="Half an ans", finish="length"))
    completion = await rig.ask()
    assert completion.text == "Half an ans"
    assert completion.finish_reason == "length"


async def test_reasoning_is_no_part_of_the_answer(rig: WireRig) -> None:
    rig.says(Said(text="Yes.", reasoning=f"{SECRET}?"))
    completion = await rig.ask()
    assert completion.text == "Yes."
    assert SECRET not in "".join(rig.told)


async def test_a_model_that_declines_has_refused(rig: WireRig) -> None:
    rig.says(Said(text="", refused=True), ())
    error = await rig.fails(ModelRefused)
    assert "rather not" not in error.reason


async def test_tokens_are_counted_as_we_count_them(rig: WireRig) -> None:
    rig.says(Said(usage=rig.dialect.traits.usage))
    assert (await rig.ask()).usage == rig.dialect.traits.usage
    rig.says(Said(usage=Usage(input_tokens=3, output_tokens=2)))
    assert (await rig.ask()).usage == Usage(input_tokens=3, output_tokens=2)


async def test_usage_that_is_not_told_is_unknown_and_not_zero(rig: WireRig) -> None:
    rig.says(Said(usage=None))
    assert (await rig.ask()).usage is None


async def test_only_what_is_asked_for_arrives(rig: WireRig) -> None:
    asked = await rig.asked(rig.request())
    assert rig.dialect.model.endswith(f"/{asked.model}")
    assert asked.turns == (("user", "Hello?"),)
    assert asked.stream is rig.stream
    assert asked.settings == {}
    told = (asked.system, asked.attached, asked.tools, asked.tool_choice, asked.output_schema)
    assert told == ("", (), None, None, None)


async def test_a_conversation_arrives_turn_by_turn(rig: WireRig) -> None:
    asked = await rig.asked(
        rig.request(
            Message(role="system", content=f"Be brief. {UNICODE}"),
            Message(role="user", content="Hello?"),
            Message(role="assistant", content="Hi."),
            Message(role="user", content=UNICODE),
        )
    )
    assert asked.system == f"Be brief. {UNICODE}"
    assert asked.turns == (("user", "Hello?"), ("assistant", "Hi."), ("user", UNICODE))


@pytest.mark.parametrize("name", sorted(ALL_SETTINGS))
async def test_a_setting_arrives_or_is_refused(rig: WireRig, name: str) -> None:
    request = rig.request(settings=Settings(**{name: SETTINGS[name]}))
    if name in rig.dialect.traits.settings:
        assert (await rig.asked(request)).settings == {name: SETTINGS[name]}
        return
    error = await rig.fails(ModelRejectedRequest, request)
    assert name in error.reason
    assert not rig.server.received


async def test_what_only_concerns_us_is_told_to_nobody(rig: WireRig) -> None:
    asked = await rig.asked(rig.request(settings=Settings(drop_unsupported=True)))
    assert asked.settings == {}
    assert b"drop_unsupported" not in rig.server.received[0].raw_body


async def test_the_schema_of_the_answer_arrives(rig: WireRig) -> None:
    asked = await rig.asked(rig.request(output_schema=SCHEMA))
    assert asked.output_schema == SCHEMA


async def test_the_key_is_presented_where_it_belongs_and_nowhere_else(rig: WireRig) -> None:
    await rig.asked(rig.request())
    received = rig.server.received[0]
    assert rig.dialect.presented_key(received) == rig.dialect.key
    assert sum(rig.dialect.key in each for each in received.headers.values()) == 1
    assert rig.dialect.key not in received.target
    assert rig.dialect.key.encode() not in received.raw_body
    assert json.loads(received.raw_body)
