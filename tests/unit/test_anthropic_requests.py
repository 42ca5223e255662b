"""What a request to Anthropic's Messages API looks like, beyond what every vendor's has."""

import json
from typing import Any

import pytest

from promptpilot.adapters.models.anthropic_messages.wire import AnthropicMessages
from promptpilot.domain.message import Attachment, CallTurn, Message, ResultTurn, Tool, ToolCall
from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.step_errors import ModelRejectedRequest
from tests.contract.dialects.anthropic_rules import check_request

MODEL = "anthropic/claude-test"
HELLO = Message(role="user", content="Hello?")
PNG, PDF, TXT = ("1" * 64, "2" * 64, "3" * 64)
CONTENTS = {PNG: b"png", PDF: b"%PDF", TXT: "Füße".encode()}
CALL = ToolCall(id="t1", name="weather", arguments={"city": "Bern"})
OTHER = ToolCall(id="t2", name="time")
THINKING = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
WEATHER = Tool(name="weather", description="Of a city.", parameters={"type": "object"})


def request(*turns: Any, model: str = MODEL, **fields: Any) -> ModelRequest:
    return ModelRequest(model=model, messages=turns or (HELLO,), **fields)


def sent(asked: ModelRequest, *, stream: bool = False) -> Any:
    call = AnthropicMessages("anthropic/").call(asked, CONTENTS, stream=stream)
    body = json.loads(call.body)
    check_request(call.headers["anthropic-version"], body)
    return body


def text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}


def test_a_request_is_no_more_than_what_is_set_and_a_limit() -> None:
    assert sent(request()) == {
        "model": "claude-test",
        "max_tokens": 20480,
        "messages": [{"role": "user", "content": [text("Hello?")]}],
    }


def test_the_newest_version_is_asked_unless_a_setting_has_gone_from_it() -> None:
    wire = AnthropicMessages("anthropic/")

    def version(settings: Settings) -> str:
        asked = request(settings=settings)
        return wire.call(asked, {}, stream=False).headers["anthropic-version"]

    assert version(Settings(stop=("END",), reasoning_effort="low")) == "2026-10-21"
    assert version(Settings(temperature=0.0)) == "2023-06-01"
    assert version(Settings(top_p=0.5)) == "2023-06-01"


def test_a_seed_is_refused_by_name() -> None:
    with pytest.raises(ModelRejectedRequest, match="seed"):
        sent(request(settings=Settings(seed=1)))


@pytest.mark.parametrize(
    ("settings", "thinking", "config", "limit"),
    [
        (Settings(), None, None, 20480),
        (Settings(max_tokens=9), None, None, 9),
        (Settings(reasoning_effort="none"), {"type": "disabled"}, None, 4096),
        (Settings(reasoning_tokens=0), {"type": "disabled"}, None, 4096),
        (Settings(reasoning_effort="low"), {"type": "adaptive"}, {"effort": "low"}, 8192),
        (Settings(reasoning_effort="xhigh"), {"type": "adaptive"}, {"effort": "xhigh"}, 36864),
        (Settings(reasoning_effort="max"), {"type": "adaptive"}, {"effort": "max"}, 36864),
        (
            Settings(reasoning_effort="xhigh", max_tokens=9),
            {"type": "adaptive"},
            {"effort": "xhigh"},
            9,
        ),
        (
            Settings(reasoning_tokens=2048),
            {"type": "enabled", "budget_tokens": 2048},
            None,
            4096 + 2048,
        ),
    ],
)
def test_thinking_is_asked_for_with_room_for_the_answer(
    settings: Settings, thinking: Any, config: Any, limit: int
) -> None:
    body = sent(request(settings=settings))
    assert body.get("thinking") == thinking
    assert body.get("output_config") == config
    assert body["max_tokens"] == limit


def test_a_model_that_cannot_decide_when_to_think_is_told_the_effort_alone() -> None:
    settings = Settings(reasoning_effort="high")
    body = sent(request(model="anthropic/claude-opus-4-5-20251101", settings=settings))
    assert "thinking" not in body
    assert body["output_config"] == {"effort": "high"}


def test_a_model_that_never_stops_thinking_between_tools_stops_up_front() -> None:
    settings = Settings(reasoning_effort="none")
    body = sent(request(model="anthropic/claude-sonnet-5-5", settings=settings))
    assert body["thinking"] == {"type": "between_tools"}
    assert body["max_tokens"] == 4096


def test_an_effort_without_a_word_for_it_is_refused() -> None:
    with pytest.raises(ModelRejectedRequest, match="minimal"):
        sent(request(settings=Settings(reasoning_effort="minimal")))


def test_what_the_system_says_is_apart_wherever_it_says_it() -> None:
    first, second = (Message(role="system", content=each) for each in ("One.", "Two."))
    body = sent(request(first, HELLO, Message(role="system", content=" "), second))
    assert body["system"] == [text("One."), text("Two.")]
    assert body["messages"] == [{"role": "user", "content": [text("Hello?")]}]


def test_turns_of_the_same_role_are_one_message() -> None:
    answer = Message(role="assistant", content="Hi.")
    body = sent(request(HELLO, HELLO, answer, answer, HELLO))
    assert [each["role"] for each in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"] == [text("Hi."), text("Hi.")]


def test_blank_text_is_left_out() -> None:
    body = sent(request(Message(role="user", content=" \n"), HELLO))
    assert body["messages"] == [{"role": "user", "content": [text("Hello?")]}]


@pytest.mark.parametrize(
    "turns", [(Message(role="system", content="x"),), (Message(role="user", content=" "),)]
)
def test_nothing_to_answer_is_refused(turns: tuple[Message, ...]) -> None:
    with pytest.raises(ModelRejectedRequest, match="none that says anything"):
        sent(request(*turns))


def test_attachments_come_before_the_text() -> None:
    attached = (
        Attachment(blob=PNG, media_type="image/png", name="a.png"),
        Attachment(blob=PDF, media_type="application/pdf", name="b.pdf"),
        Attachment(blob=TXT, media_type="text/plain"),
    )
    (message,) = sent(request(Message(role="user", content="Read.", attachments=attached)))[
        "messages"
    ]
    assert message["content"] == [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "cG5n"},
        },
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
            "title": "b.pdf",
        },
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "Füße"},
        },
        text("Read."),
    ]


def test_an_attachment_needs_no_text_beside_it() -> None:
    attached = (Attachment(blob=PNG, media_type="image/png"),)
    (message,) = sent(request(Message(role="user", content="", attachments=attached)))["messages"]
    assert [block["type"] for block in message["content"]] == ["image"]


def test_text_that_is_not_utf_8_is_refused() -> None:
    attached = (Attachment(blob=TXT, media_type="text/plain"),)
    asked = request(Message(role="user", content="Read.", attachments=attached))
    with pytest.raises(ModelRejectedRequest, match="UTF-8"):
        AnthropicMessages("anthropic/").call(asked, {TXT: b"F\xfc\xdfe"}, stream=False)


@pytest.mark.parametrize("role", ["system", "assistant"])
def test_attachments_are_the_users_alone(role: Any) -> None:
    attached = (Attachment(blob=PDF, media_type="application/pdf"),)
    with pytest.raises(ModelRejectedRequest, match="of the user alone"):
        sent(request(HELLO, Message(role=role, content="x", attachments=attached)))


def test_the_results_of_one_turn_are_one_message_with_what_the_user_says_then() -> None:
    calls = CallTurn(content="Wait.", tool_calls=(CALL, OTHER))
    results = (
        ResultTurn(call_id="t1", name="weather", content="Rain."),
        ResultTurn(call_id="t2", name="time", content="", failed=True),
    )
    body = sent(request(HELLO, calls, *results, HELLO, tools=(WEATHER,)))
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                text("Wait."),
                {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Bern"}},
                {"type": "tool_use", "id": "t2", "name": "time", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "Rain."},
                {
                    "type": "tool_result",
                    "tool_use_id": "t2",
                    "content": "The call failed.",
                    "is_error": True,
                },
                text("Hello?"),
            ],
        },
    ]


def kept(model: str = MODEL, call: str = "t1") -> dict[str, Any]:
    use = {"type": "tool_use", "id": call, "name": "weather", "input": {"city": "Bern"}}
    return {"model": model, "content": [THINKING, text("Wait."), THINKING, use]}


def test_thinking_goes_back_where_it_was() -> None:
    turn = CallTurn(content="Wait.", tool_calls=(CALL,), opaque=kept())
    result = ResultTurn(call_id="t1", name="weather", content="Rain.")
    body = sent(request(HELLO, turn, result, tools=(WEATHER,)))
    assert body["messages"][1]["content"] == kept()["content"]


@pytest.mark.parametrize(
    "opaque",
    [kept(model="anthropic/claude-else"), kept(call="t9"), {"gemini": []}, [THINKING], "x"],
)
def test_what_another_model_or_other_calls_have_kept_stays_away(opaque: Any) -> None:
    turn = CallTurn(content="Wait.", tool_calls=(CALL,), opaque=opaque)
    result = ResultTurn(call_id="t1", name="weather", content="Rain.")
    body = sent(request(HELLO, turn, result, tools=(WEATHER,)))
    assert [each["type"] for each in body["messages"][1]["content"]] == ["text", "tool_use"]


def test_tools_are_told_with_the_choice_among_them() -> None:
    required = sent(request(tools=(WEATHER, Tool(name="time")), tool_choice="required"))
    assert required["tools"] == [
        {"name": "weather", "description": "Of a city.", "input_schema": {"type": "object"}},
        {"name": "time", "input_schema": {"type": "object"}},
    ]
    assert required["tool_choice"] == {"type": "any"}
    assert sent(request(tools=(WEATHER,), tool_choice="none"))["tool_choice"] == {"type": "none"}
    assert "tool_choice" not in sent(request(tools=(WEATHER,)))
    assert "tool_choice" not in sent(request(tool_choice="none"))


def test_a_tool_that_does_not_say_that_its_arguments_are_an_object_says_so() -> None:
    untyped = Tool(name="time", parameters={"properties": {"zone": {"type": "string"}}})
    (tool,) = sent(request(tools=(untyped,)))["tools"]
    assert tool["input_schema"] == {"type": "object", **untyped.parameters}
