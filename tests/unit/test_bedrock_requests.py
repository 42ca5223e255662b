"""What of a request Converse wants otherwise than we have it."""

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptpilot.adapters.models.bedrock.documents import allowed_name
from promptpilot.adapters.models.bedrock.wire import BedrockConverse
from promptpilot.domain.message import (
    Attachment,
    CallTurn,
    Message,
    ResultTurn,
    Tool,
    ToolCall,
    Turn,
)
from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.step_errors import ModelRejectedRequest

CLAUDE = "bedrock/eu.anthropic.claude-test-v1:0"
WIRE = BedrockConverse("bedrock/")
USER = Message(role="user", content="Hello.")
CALL = ToolCall(id="t1", name="find", arguments={"city": "Köln"})
RESULT = ResultTurn(call_id="t1", name="find", content="On the Rhine.")
TOOL = Tool(name="find")
TEXT = b"some text"
DIGEST = sha256(TEXT).hexdigest()


def body(*turns: Turn, model: str = CLAUDE, **changes: Any) -> Any:
    request = ModelRequest(model=model, messages=turns or (USER,), **changes)
    return json.loads(WIRE.call(request, {DIGEST: TEXT}, stream=False).body)


def document(name: str | None) -> Attachment:
    return Attachment(blob=DIGEST, media_type="text/plain", name=name)


def test_what_the_system_says_is_apart_wherever_it_says_it() -> None:
    told = body(
        Message(role="system", content="Be brief."),
        USER,
        Message(role="system", content=" "),
        Message(role="system", content="Be kind."),
    )
    assert told["system"] == [{"text": "Be brief."}, {"text": "Be kind."}]
    assert told["messages"] == [{"role": "user", "content": [{"text": "Hello."}]}]


def test_turns_of_the_same_role_are_one_message_since_roles_have_to_alternate() -> None:
    told = body(USER, Message(role="user", content="Are you there?"))
    assert told["messages"] == [
        {"role": "user", "content": [{"text": "Hello."}, {"text": "Are you there?"}]}
    ]


def test_all_results_of_a_turn_and_what_the_user_adds_are_one_message() -> None:
    other = CALL.model_copy(update={"id": "t2"})
    failed = ResultTurn(call_id="t2", name="find", content="", failed=True)

    told = body(USER, CallTurn(tool_calls=(CALL, other)), RESULT, failed, USER, tools=(TOOL,))

    assert [each["role"] for each in told["messages"]] == ["user", "assistant", "user"]
    assert told["messages"][2]["content"] == [
        {"toolResult": {"toolUseId": "t1", "content": [{"text": "On the Rhine."}]}},
        {"toolResult": {"toolUseId": "t2", "content": [], "status": "error"}},
        {"text": "Hello."},
    ]


def test_a_blank_text_is_left_out_beside_other_blocks() -> None:
    message = Message(role="user", content=" \n", attachments=(document("a"),))
    told = body(message, CallTurn(content="", tool_calls=(CALL,)), RESULT, tools=(TOOL,))
    assert [list(each) for each in told["messages"][0]["content"]] == [["document"]]
    assert [list(each) for each in told["messages"][1]["content"]] == [["toolUse"]]


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("Report (2026) [final]", "Report (2026) [final]"),
        ("report_v1.2.pdf", "report-v1-2-pdf"),
        ("Übersicht  der\tZahlen", "bersicht der Zahlen"),
        ("分期报告", "document"),
        ("", "document"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_document_has_a_name_that_is_allowed(wanted: str, name: str) -> None:
    assert allowed_name(wanted) == name


@given(st.lists(st.text(min_size=1, max_size=200) | st.none(), min_size=1, max_size=20))
def test_no_two_documents_of_a_request_have_the_same_name(names: list[str | None]) -> None:
    attachments = tuple(map(document, names))
    content = body(Message(role="user", content="Compare.", attachments=attachments))
    told = [each["document"]["name"] for each in content["messages"][0]["content"][:-1]]
    assert len({each.lower() for each in told}) == len(names)
    assert all(0 < len(each) <= 200 and allowed_name(each) == each for each in told)


def test_documents_without_a_name_are_numbered_across_messages() -> None:
    message = Message(role="user", content="Read.", attachments=(document(None),))
    told = body(message, Message(role="assistant", content="Yes."), message)
    names = [told["messages"][n]["content"][0]["document"]["name"] for n in (0, 2)]
    assert names == ["document", "document (2)"]


@pytest.mark.parametrize("role", ["system", "assistant"])
def test_attachments_are_for_users_alone(role: Any) -> None:
    with pytest.raises(ModelRejectedRequest) as raised:
        body(USER, Message(role=role, content="See.", attachments=(document(None),)))
    assert "attachments" in raised.value.reason


def test_tools_that_must_not_be_called_are_not_told_of() -> None:
    assert "toolConfig" not in body(tools=(TOOL,), tool_choice="none")


def test_tools_stay_told_of_where_turns_are_about_them() -> None:
    """Converse refuses those turns otherwise."""
    told = body(USER, CallTurn(tool_calls=(CALL,)), RESULT, tools=(TOOL,), tool_choice="none")
    assert told["toolConfig"] == {
        "tools": [{"toolSpec": {"name": "find", "inputSchema": {"json": {"type": "object"}}}}]
    }


def test_a_seed_is_refused_and_not_forgotten() -> None:
    with pytest.raises(ModelRejectedRequest) as raised:
        body(settings=Settings(seed=7))
    assert "seed" in raised.value.reason


def test_dropping_what_is_not_supported_is_no_matter_of_the_wire() -> None:
    assert body(settings=Settings(drop_unsupported=True)) == body()


def _passed_on(**fields: Any) -> dict[str, Any]:
    return {"additionalModelRequestFields": fields}


@pytest.mark.parametrize(
    ("model", "settings", "fields"),
    [
        (
            CLAUDE,
            {"reasoning_effort": "high"},
            {"outputConfig": {"effort": "high"}, **_passed_on(thinking={"type": "adaptive"})},
        ),
        (
            "bedrock/us.anthropic.claude-opus-4-5-20251101-v1:0",
            {"reasoning_effort": "high"},
            {"outputConfig": {"effort": "high"}},
        ),
        (CLAUDE, {"reasoning_effort": "none"}, _passed_on(thinking={"type": "disabled"})),
        (CLAUDE, {"reasoning_tokens": 0}, _passed_on(thinking={"type": "disabled"})),
        (
            CLAUDE,
            {"reasoning_tokens": 1024},
            _passed_on(thinking={"type": "enabled", "budget_tokens": 1024}),
        ),
        (
            "bedrock/us.amazon.nova-2-lite-v1:0",
            {"reasoning_effort": "low"},
            _passed_on(reasoningConfig={"type": "enabled", "maxReasoningEffort": "low"}),
        ),
        (
            "bedrock/openai.gpt-oss-120b-1:0",
            {"reasoning_effort": "medium"},
            _passed_on(reasoning_effort="medium"),
        ),
        ("bedrock/new.model-1", {"reasoning_effort": "low"}, {"outputConfig": {"effort": "low"}}),
    ],
)
def test_how_much_to_think_is_told_as_the_family_of_the_model_takes_it(
    model: str, settings: dict[str, Any], fields: dict[str, Any]
) -> None:
    told = body(model=model, settings=Settings(**settings))
    assert {name: value for name, value in told.items() if name != "messages"} == fields


@pytest.mark.parametrize(
    ("model", "setting", "value"),
    [
        (CLAUDE, "reasoning_effort", "minimal"),
        ("bedrock/new.model-1", "reasoning_effort", "none"),
        ("bedrock/new.model-1", "reasoning_tokens", 1024),
        ("bedrock/us.amazon.nova-2-lite-v1:0", "reasoning_tokens", 1024),
    ],
)
def test_what_a_family_cannot_be_told_is_refused_by_name(
    model: str, setting: str, value: Any
) -> None:
    with pytest.raises(ModelRejectedRequest) as raised:
        body(model=model, settings=Settings.model_validate({setting: value}))
    assert setting in raised.value.reason


def test_an_effort_and_a_schema_are_told_together() -> None:
    told = body(output_schema={"type": "object"}, settings=Settings(reasoning_effort="low"))
    assert set(told["outputConfig"]) == {"effort", "textFormat"}
