"""What every vendor's adapter promises of tools and attachments."""

import hashlib
import json

import pytest

from promptpilot.domain.message import Attachment, CallTurn, Message, ResultTurn, Tool, ToolCall
from promptpilot.domain.model import Completion
from promptpilot.step_errors import ModelRejectedRequest
from tests.contract.dialects.dialect import Said
from tests.contract.wire_rig import WireRig

QUESTION = Message(role="user", content="How is the weather?")
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOLS = (
    Tool(name="weather", description="The weather of a city.", parameters=CITY),
    Tool(name="time", parameters={"type": "object", "properties": {}}),
)
WEATHER = ToolCall(id="call_1", name="weather", arguments={"city": "Zürich 🎉"})
TIME = ToolCall(id="call_2", name="time")
CALLS = Said(text="Wait.", tool_calls=(WEATHER, TIME), finish="tool_calls", reasoning="A river.")
RESULTS = (
    ResultTurn(call_id="call_1", name="weather", content="Rain. 日本"),
    ResultTurn(call_id="call_2", name="time", content="No clock.", failed=True),
)


def turn(completion: Completion) -> CallTurn:
    """As an answer is sent back, having been stored as JSON."""
    kept = json.loads(completion.model_dump_json())["opaque"]
    return CallTurn(content=completion.text, tool_calls=completion.tool_calls, opaque=kept)


async def test_tools_are_declared(rig: WireRig) -> None:
    asked = await rig.asked(rig.request(QUESTION, tools=TOOLS))
    assert asked.tools == {each.name: each.parameters for each in TOOLS}
    assert asked.tool_choice is None
    assert b"The weather of a city." in rig.server.received[0].raw_body


async def test_a_tool_can_be_required(rig: WireRig) -> None:
    asked = await rig.asked(rig.request(QUESTION, tools=TOOLS, tool_choice="required"))
    assert asked.tool_choice == "required"


@pytest.mark.parametrize("text", ["Wait.", ""])
async def test_calls_are_read(rig: WireRig, text: str) -> None:
    rig.says(Said(text=text, tool_calls=(WEATHER, TIME), finish="tool_calls"))
    completion = await rig.ask(rig.request(QUESTION, tools=TOOLS))
    assert completion.tool_calls == (WEATHER, TIME)
    assert completion.text == text
    assert completion.finish_reason == "tool_calls"
    assert "".join(rig.told) == (text if rig.stream else "")


@pytest.mark.parametrize("written", ['{"city": "Zür', "[1]", '{"city": 1e999}', "Zürich"])
async def test_arguments_that_are_no_object_are_kept_as_they_were_written(
    rig: WireRig, written: str
) -> None:
    if not rig.dialect.traits.written[rig.stream]:
        pytest.skip("The format has an object there, and no way to say anything else.")
    bad = ToolCall(id="call_1", name="weather", malformed=written)
    rig.says(Said(text="", tool_calls=(bad, TIME), finish="tool_calls"))
    completion = await rig.ask(rig.request(QUESTION, tools=TOOLS))
    assert completion.tool_calls == (bad, TIME)


async def test_results_are_sent_back_with_what_the_vendor_wants_back(rig: WireRig) -> None:
    rig.says(CALLS)
    called = turn(await rig.ask(rig.request(QUESTION, tools=TOOLS)))
    asked = await rig.asked(rig.request(QUESTION, called, *RESULTS, tools=TOOLS))
    assert asked.results == ("call_1", "call_2")
    assert asked.turns == (
        ("user", "How is the weather?"),
        ("assistant", "Wait."),
        ("tool", "Rain. 日本"),
        ("tool", "No clock."),
    )
    assert rig.dialect.traits.kept.encode() in rig.server.received[-1].raw_body


async def test_calls_of_another_vendors_model_can_be_gone_on_with(rig: WireRig) -> None:
    called = CallTurn(
        content="Wait.", tool_calls=(WEATHER, TIME), opaque={"another": [{"signature": "odd"}]}
    )
    asked = await rig.asked(rig.request(QUESTION, called, *RESULTS, tools=TOOLS))
    assert asked.results == ("call_1", "call_2")
    assert ("assistant", "Wait.") in asked.turns
    assert b"odd" not in rig.server.received[0].raw_body


async def test_a_call_that_made_no_sense_can_be_gone_on_with(rig: WireRig) -> None:
    bad = ToolCall(id="call_1", name="weather", malformed='{"city": ')
    told = ResultTurn(call_id="call_1", name="weather", content="No JSON.", failed=True)
    called = CallTurn(tool_calls=(bad,))
    asked = await rig.asked(rig.request(QUESTION, called, told, tools=TOOLS))
    assert asked.results == ("call_1",)


IMAGE, LETTER, NOTES = b"\x89PNG \x00\xff\xfe", b"%PDF-1.7 \x00\xff\xfe", "Grüße 🎉\r\n".encode()


def attachment(contents: bytes, media_type: str, name: str | None = None) -> Attachment:
    return Attachment.model_validate(
        {"blob": hashlib.sha256(contents).hexdigest(), "media_type": media_type, "name": name}
    )


@pytest.mark.parametrize(
    ("contents", "media_type", "name"),
    [
        (IMAGE, "image/png", None),
        (IMAGE, "image/jpeg", "a <picture>.jpg"),
        (IMAGE, "image/webp", None),
        (LETTER, "application/pdf", "letter.pdf"),
        (LETTER, "application/pdf", None),
        (NOTES, "text/plain", 'my "notes".txt'),
        (NOTES, "text/plain", None),
    ],
)
async def test_an_attachment_arrives_byte_for_byte(
    rig: WireRig, contents: bytes, media_type: str, name: str | None
) -> None:
    attached = attachment(contents, media_type, name)
    message = Message(role="user", content="What is it?", attachments=(attached,))
    asked = await rig.asked(rig.request(message), {attached.blob: contents})
    assert asked.attached == ((media_type, contents),)
    assert [role for role, _ in asked.turns] == ["user"]
    assert asked.turns[0][1].endswith("What is it?")


async def test_several_attachments_arrive_in_order(rig: WireRig) -> None:
    first, second = attachment(IMAGE, "image/png"), attachment(LETTER, "application/pdf", "l")
    message = Message(role="user", content="What is it?", attachments=(first, second))
    asked = await rig.asked(rig.request(message), {first.blob: IMAGE, second.blob: LETTER})
    assert asked.attached == (("image/png", IMAGE), ("application/pdf", LETTER))


async def test_an_attachment_of_the_systems_is_refused(rig: WireRig) -> None:
    attached = attachment(IMAGE, "image/png")
    system = Message(role="system", content="Look.", attachments=(attached,))
    with pytest.raises(ModelRejectedRequest, match="attachments"):
        await rig.ask(rig.request(system, QUESTION), {attached.blob: IMAGE})
    assert not rig.server.received
