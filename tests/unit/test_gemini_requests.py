"""What goes to Gemini."""

import json
from typing import Any

import pytest

from promptpilot.adapters.models.gemini.wire import Gemini
from promptpilot.domain.message import Attachment, CallTurn, Message, ResultTurn, Tool, ToolCall
from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.step_errors import ModelRejectedRequest

HELLO = Message(role="user", content="Hello?")
PNG = "1" * 64
WEATHER = ToolCall(id="c-1", name="weather", arguments={"city": "Bern"})
TIME = ToolCall(id="c-2", name="time")


def sent(*messages: Any, model: str = "gemini-3-pro", **fields: Any) -> Any:
    request = ModelRequest(model=f"google/{model}", messages=messages or (HELLO,), **fields)
    return json.loads(Gemini().call(request, {PNG: b"picture"}, stream=False).body)


def path(model: str, *, stream: bool = False) -> str:
    request = ModelRequest(model=f"google/{model}", messages=(HELLO,))
    return Gemini().call(request, {}, stream=stream).path


@pytest.mark.parametrize(
    ("model", "resource"),
    [
        ("gemini-3-pro", "models/gemini-3-pro"),
        ("models/gemini-3-pro", "models/gemini-3-pro"),
        ("tunedModels/my-own", "tunedModels/my-own"),
        ("..", "models/.."),
        ("../../v1/files", "models/..%2F..%2Fv1%2Ffiles"),
        ("models/../../x", "models/..%2F..%2Fx"),
        ("models/", "models/"),
        ("corpora/x", "models/corpora%2Fx"),
        ("x?key=1", "models/x%3Fkey%3D1"),
        ("x#y", "models/x%23y"),
        ("x:countTokens", "models/x%3AcountTokens"),
        ("x%2F", "models/x%252F"),
        ("ü", "models/%C3%BC"),
    ],
)
def test_a_models_name_stays_one_segment_of_the_path(model: str, resource: str) -> None:
    assert path(model) == f"v1beta/{resource}:generateContent"
    assert path(model, stream=True) == f"v1beta/{resource}:streamGenerateContent?alt=sse"


def test_only_what_is_set_is_sent() -> None:
    assert sent() == {"contents": [{"role": "user", "parts": [{"text": "Hello?"}]}]}


def test_what_the_system_says_is_apart_wherever_it_was_said() -> None:
    body = sent(
        Message(role="system", content="Be brief."),
        HELLO,
        Message(role="assistant", content="Hi."),
        Message(role="system", content="Be kind."),
        Message(role="user", content="Well?"),
    )
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]}
    assert [each["role"] for each in body["contents"]] == ["user", "model", "user"]


@pytest.mark.parametrize(
    ("settings", "config"),
    [
        (
            Settings(temperature=0.0, top_p=0.5, max_tokens=9, stop=("\n", "END"), seed=0),
            {
                "temperature": 0.0,
                "topP": 0.5,
                "maxOutputTokens": 9,
                "stopSequences": ["\n", "END"],
                "seed": 0,
            },
        ),
        (Settings(reasoning_effort="low"), {"thinkingConfig": {"thinkingLevel": "LOW"}}),
        (Settings(reasoning_effort="none"), {"thinkingConfig": {"thinkingBudget": 0}}),
        (Settings(reasoning_tokens=512), {"thinkingConfig": {"thinkingBudget": 512}}),
        (Settings(reasoning_tokens=0), {"thinkingConfig": {"thinkingBudget": 0}}),
    ],
)
def test_settings_are_sent_in_googles_words(settings: Settings, config: dict[str, Any]) -> None:
    assert sent(settings=settings)["generationConfig"] == config


def test_settings_that_say_nothing_are_not_sent() -> None:
    assert "generationConfig" not in sent(settings=Settings(drop_unsupported=True))


def test_a_schema_goes_where_google_takes_json_schema() -> None:
    schema = {"type": "object", "properties": {"mood": {"type": ["string", "null"]}}}
    assert sent(output_schema=schema)["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseJsonSchema": schema,
    }


@pytest.mark.parametrize(("choice", "mode"), [("none", "NONE"), ("required", "ANY")])
def test_tools_are_declared_with_their_choice(choice: Any, mode: str) -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = (Tool(name="weather", description="Now.", parameters=parameters), Tool(name="time"))
    body = sent(tools=tools, tool_choice=choice)
    assert body["tools"] == [
        {
            "functionDeclarations": [
                {"name": "weather", "description": "Now.", "parametersJsonSchema": parameters},
                {"name": "time", "parametersJsonSchema": {"type": "object"}},
            ]
        }
    ]
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": mode}}


def test_the_choice_of_a_tool_is_left_to_the_model_where_nothing_is_said() -> None:
    assert "toolConfig" not in sent(tools=(Tool(name="time"),))


def test_attachments_come_before_the_text_after_their_names() -> None:
    named = Attachment(blob=PNG, media_type="image/png", name="cat.png")
    unnamed = Attachment(blob=PNG, media_type="application/pdf")
    body = sent(Message(role="user", content="What?", attachments=(named, unnamed)))
    assert body["contents"][0]["parts"] == [
        {"text": "cat.png:"},
        {"inlineData": {"mimeType": "image/png", "data": "cGljdHVyZQ=="}},
        {"inlineData": {"mimeType": "application/pdf", "data": "cGljdHVyZQ=="}},
        {"text": "What?"},
    ]


def test_a_message_of_attachments_alone_has_no_empty_text() -> None:
    picture = Attachment(blob=PNG, media_type="image/png")
    (part,) = sent(Message(role="user", content="", attachments=(picture,)))["contents"][0]["parts"]
    assert "inlineData" in part


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (Message(role="system", content="Be brief."), "a message of the user's"),
        (
            Message(
                role="system",
                content="See.",
                attachments=(Attachment(blob=PNG, media_type="image/png"),),
            ),
            "no attachments in a system message",
        ),
        (
            Message(
                role="user",
                content="See.",
                attachments=(Attachment(blob=PNG, media_type="image/gif"),),
            ),
            "does not read image/gif",
        ),
    ],
)
def test_what_gemini_cannot_be_told_is_refused_with_a_reason(message: Message, reason: str) -> None:
    with pytest.raises(ModelRejectedRequest, match=reason):
        sent(message)


def own_turn(*calls: ToolCall, parts: Any) -> CallTurn:
    return CallTurn(content="Wait.", tool_calls=calls, opaque={"gemini": parts})


def test_what_gemini_answered_comes_back_part_by_part() -> None:
    parts = [
        {"text": "Wait."},
        {"functionCall": {"id": "c-1", "name": "weather", "args": {}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"id": "c-2", "name": "time"}},
    ]
    body = sent(
        HELLO,
        own_turn(WEATHER, TIME, parts=parts),
        ResultTurn(call_id="c-2", name="time", content="Noon.", failed=True),
        ResultTurn(call_id="c-1", name="weather", content="Rain."),
        Message(role="user", content="So?"),
    )
    assert body["contents"][1:] == [
        {"role": "model", "parts": parts},
        {
            "role": "user",
            "parts": [
                {
                    "functionResponse": {
                        "id": "c-1",
                        "name": "weather",
                        "response": {"output": "Rain."},
                    }
                },
                {"functionResponse": {"id": "c-2", "name": "time", "response": {"error": "Noon."}}},
            ],
        },
        {"role": "user", "parts": [{"text": "So?"}]},
    ]


def test_a_result_has_an_id_where_the_call_went_with_one() -> None:
    parts = [{"functionCall": {"name": "weather"}, "thoughtSignature": "c2ln"}]
    own, foreign = own_turn(WEATHER, parts=parts), CallTurn(tool_calls=(WEATHER,))
    result = ResultTurn(call_id="c-1", name="weather", content="Rain.")
    for turn, told in ((own, None), (foreign, "c-1")):
        answered = sent(HELLO, turn, result)["contents"][2]["parts"][0]["functionResponse"]
        assert answered.get("id") == told


@pytest.mark.parametrize(
    "opaque",
    [
        None,
        [{"type": "reasoning", "encrypted_content": "..."}],
        {"gemini": None},
        {"other": []},
        {"gemini": [{"functionCall": {"name": "another"}, "thoughtSignature": "c2ln"}]},
    ],
)
@pytest.mark.parametrize(
    ("model", "signed"),
    [
        ("gemini-3-pro", True),
        ("gemini-flash-latest", True),
        ("models/gemini-3-pro", True),
        ("gemini-2.5-flash", False),
        ("models/gemini-2.5-flash", False),
        ("gemma-3-27b-it", False),
    ],
)
def test_calls_of_another_model_are_marked_as_such_where_signatures_are_checked(
    opaque: Any, model: str, signed: bool
) -> None:
    turn = CallTurn(content="Wait.", tool_calls=(WEATHER, TIME), opaque=opaque)
    mark = {"thoughtSignature": "skip_thought_signature_validator"} if signed else {}
    assert sent(HELLO, turn, model=model)["contents"][1] == {
        "role": "model",
        "parts": [
            {"text": "Wait."},
            {
                "functionCall": {"id": "c-1", "name": "weather", "args": {"city": "Bern"}},
                **mark,
            },
            {"functionCall": {"id": "c-2", "name": "time", "args": {}}},
        ],
    }
