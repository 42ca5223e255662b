"""What servers that are compatible with Chat Completions answer, each in its own way."""

import json
from typing import Any

import pytest

from promptpilot.adapters.models.chat_completions.wire import ChatCompletions
from promptpilot.adapters.models.http.wire import Reply
from promptpilot.domain.message import Attachment, CallTurn, Message, ToolCall
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.step_errors import (
    ContextTooLong,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRejectedRequest,
    ModelUnavailable,
    ModelUnknown,
)
from tests.scripted_openai import LAST_CHUNKS, chat_completion, chunk, events

WIRE = ChatCompletions("custom/fake/")
HELLO = Message(role="user", content="Hello?")
REQUEST = ModelRequest(model="custom/fake/m", messages=(HELLO,))
WEATHER = ToolCall(id="a", name="weather", arguments={"city": "Bern"})
TIME = ToolCall(id="b", name="time")
SIGNED = {"google": {"thought_signature": "c2ln"}}


def whole(content: str | None, finish: str = "stop", **message: Any) -> Completion:
    answer = chat_completion(content, message=message, choice={"finish_reason": finish})
    return WIRE.completion(Reply("application/json", json.dumps(answer).encode()), REQUEST)


def streamed(*deltas: dict[str, Any]) -> Completion:
    reader = WIRE.reader(REQUEST, lambda _: None)
    reader.take(events(*(chunk(delta=each) for each in deltas), *LAST_CHUNKS))
    return reader.completion()


def call(name: str, arguments: Any, **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **more}


def pieces(*calls: dict[str, Any]) -> dict[str, Any]:
    return {"tool_calls": list(calls)}


@pytest.mark.parametrize(
    "deltas",
    [
        # as OpenAI does it
        (
            pieces(call("weather", "", id="a", index=0)),
            pieces({"index": 0, "function": {"arguments": '{"city":'}}),
            pieces(call("time", "", id="b", index=1)),
            pieces({"index": 0, "function": {"arguments": ' "Bern"}'}}),
            pieces({"index": 1, "function": {"arguments": "{}"}}),
        ),
        # all at once
        (
            pieces(
                call("weather", '{"city": "Bern"}', id="a", index=0),
                call("time", "{}", id="b", index=1),
            ),
        ),
        # without an index
        (
            pieces(call("weather", '{"city": ', id="a")),
            pieces({"function": {"arguments": '"Bern"}'}}),
            pieces(call("time", "", id="b")),
        ),
        # the same index for all
        (
            pieces(call("weather", '{"city": "Bern"}', id="a", index=0)),
            pieces(call("time", "{}", id="b", index=0)),
        ),
        # the id and the name in every piece
        (
            pieces(call("weather", '{"city": ', id="a", index=0)),
            pieces(call("weather", '"Bern"}', id="a", index=0)),
            pieces(call("time", None, id="b", index=1)),
        ),
        # objects in place of text
        (
            pieces(call("weather", {"city": "Bern"}, id="a", index=0)),
            pieces(call("time", {}, id="b", index=1)),
        ),
    ],
)
def test_calls_are_put_together_however_they_are_streamed(
    deltas: tuple[dict[str, Any], ...],
) -> None:
    completion = streamed(*deltas)
    assert completion.tool_calls == (WEATHER, TIME)
    assert completion.finish_reason == "tool_calls"


def test_calls_without_ids_get_ids_that_are_like_no_other() -> None:
    first, second = whole(None, **pieces(call("time", "{}"), call("time", "{}"))).tool_calls
    assert first.id != second.id
    called = CallTurn(tool_calls=(first, second))
    later = REQUEST.model_copy(update={"messages": (HELLO, called)})
    answer = chat_completion(None, message=pieces(call("time", "{}")))
    (third,) = WIRE.completion(
        Reply("application/json", json.dumps(answer).encode()), later
    ).tool_calls
    assert third.id not in {first.id, second.id}
    parts = [pieces(call("time", "{}")), pieces(call("time", "{}"))]
    assert len(streamed(*parts).tool_calls) == 2


@pytest.mark.parametrize(
    ("told", "expected"),
    [("stop", "stop"), ("length", "length"), ("max_tokens", "length"), ("eos", "eos")],
)
def test_why_it_finished_is_told_in_our_words_where_we_have_one(told: str, expected: str) -> None:
    assert whole("Hello.", told).finish_reason == expected


def test_a_call_that_was_cut_off_is_cut_off() -> None:
    completion = whole("", "length", **pieces(call("weather", '{"city', id="a")))
    assert completion.finish_reason == "length"
    assert completion.tool_calls[0].malformed == '{"city'


def test_an_answer_that_ran_out_of_tokens_before_it_began_is_cut_off() -> None:
    completion = whole(None, "length", reasoning_content="Hm.")
    assert (completion.text, completion.finish_reason) == ("", "length")
    with pytest.raises(ModelUnavailable):
        whole(None, reasoning_content="Hm.")


@pytest.mark.parametrize(
    ("fields", "cut"),
    [
        ({"reasoning_content": "A long thought."}, ({"reasoning_content": "A long"},)),
        ({"reasoning": "A long thought."}, ({"reasoning": "A long"},)),
        ({"reasoning_details": [{"text": "A"}, {"data": "b"}]}, ()),
    ],
)
def test_reasoning_comes_back_with_the_calls_that_it_led_to(
    fields: dict[str, Any], cut: tuple[dict[str, Any], ...]
) -> None:
    calls = pieces(call("time", "{}", id="b", index=0))
    ((name, value),) = fields.items()
    rest = {name: value[len(cut[0][name]) :]} if cut else fields
    for completion in (whole("Wait.", **fields, **calls), streamed(*cut, rest, calls)):
        told = sent_back(completion)
        assert told[name] == value
        assert told["tool_calls"][0]["id"] == "b"


def test_a_signature_comes_back_on_its_call() -> None:
    calls = pieces(
        call("weather", "{}", id="a", index=0, extra_content=SIGNED),
        call("time", "{}", id="b", index=1),
    )
    for completion in (whole(None, **calls), streamed(calls)):
        first, second = sent_back(completion)["tool_calls"]
        assert first["extra_content"] == SIGNED
        assert "extra_content" not in second


def test_another_model_is_told_the_calls_alone() -> None:
    completion = whole(None, reasoning="Hm.", **pieces(call("time", "{}", id="b")))
    told = sent_back(completion, REQUEST.model_copy(update={"model": "custom/other/m"}))
    assert told.keys() == {"role", "content", "tool_calls"}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": 429, "message": "XYZZY"}, ModelRateLimited),
        ({"code": 503}, ModelOverloaded),
        ({"code": 500, "type": "server_error"}, ModelUnavailable),
        ({"code": 400, "type": "exceed_context_size_error"}, ContextTooLong),
        ({"code": 400, "type": "invalid_request_error"}, ModelRejectedRequest),
        ({"code": "model_not_found"}, ModelUnknown),
        ("XYZZY", ModelUnavailable),
    ],
)
def test_an_error_with_the_status_of_a_success_is_that_error(
    error: Any, expected: type[ModelError]
) -> None:
    answer = Reply("application/json", json.dumps({"error": error}).encode())
    with pytest.raises(ModelError) as raised:
        WIRE.completion(answer, REQUEST)
    assert type(raised.value) is expected
    with pytest.raises(ModelError) as raised:
        WIRE.reader(REQUEST, lambda _: None).take(events(chunk("Hel"), {"error": error}))
    assert type(raised.value) is expected
    assert "XYZZY" not in str(raised.value)


def test_reasoning_of_another_form_is_left() -> None:
    completion = whole("Hello.", reasoning={"odd": 1}, reasoning_content=7, reasoning_details="x")
    assert completion.text == "Hello."
    assert completion.opaque is None


def test_a_text_that_is_not_utf_8_cannot_be_attached() -> None:
    attached = Attachment(blob="1" * 64, media_type="text/plain")
    message = Message(role="user", content="x", attachments=(attached,))
    request = REQUEST.model_copy(update={"messages": (message,)})
    with pytest.raises(ModelRejectedRequest, match="UTF-8"):
        WIRE.call(request, {"1" * 64: b"\xff\xfe"}, stream=False)


def sent_back(completion: Completion, asking: ModelRequest = REQUEST) -> Any:
    kept = json.loads(json.dumps(completion.opaque))
    turn = CallTurn(content=completion.text, tool_calls=completion.tool_calls, opaque=kept)
    request = asking.model_copy(update={"messages": (HELLO, turn)})
    return json.loads(WIRE.call(request, {}, stream=False).body)["messages"][1]
