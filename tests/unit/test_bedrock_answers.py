"""What answers of Bedrock mean that are not the usual ones."""

import json
from typing import Any

import pytest

from promptpilot.adapters.models.bedrock.wire import BedrockConverse
from promptpilot.adapters.models.http.wire import Reply
from promptpilot.domain.message import CallTurn, Message, ToolCall
from promptpilot.domain.model import Completion, ModelRequest, Usage
from promptpilot.step_errors import (
    ContextTooLong,
    ModelAuthFailed,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRejectedRequest,
    ModelTimeout,
    ModelUnavailable,
    ModelUnknown,
)

MODEL = "bedrock/eu.anthropic.claude-test-v1:0"
WIRE = BedrockConverse("bedrock/")
USER = Message(role="user", content="Hello.")
REQUEST = ModelRequest(model=MODEL, messages=(USER,))
THOUGHT = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}}
HIDDEN = {"reasoningContent": {"redactedContent": "aGlkZGVu"}}
USE = {"toolUse": {"toolUseId": "t1", "name": "find", "input": {"city": "Köln"}}}


def completion(*content: Any, stop: str = "end_turn", **more: Any) -> Completion:
    message = {"role": "assistant", "content": content}
    answer = {"output": {"message": message}, "stopReason": stop, **more}
    return WIRE.completion(Reply("application/json", json.dumps(answer).encode()), REQUEST)


def sent_back(answer: Completion, **changes: Any) -> Any:
    turn = CallTurn(content=answer.text, tool_calls=answer.tool_calls, opaque=answer.opaque)
    request = REQUEST.model_copy(
        update={"messages": (USER, turn.model_copy(update=changes)), **_model(changes)}
    )
    return json.loads(WIRE.call(request, {}, stream=False).body)["messages"][1]["content"]


def _model(changes: dict[str, Any]) -> dict[str, str]:
    return {"model": changes.pop("model")} if "model" in changes else {}


def test_reasoning_goes_back_unchanged_and_where_it_was() -> None:
    said = (THOUGHT, {"text": "I look."}, HIDDEN, USE)
    answer = completion(*said, stop="tool_use")
    assert answer.text == "I look."
    assert sent_back(answer) == list(said)


def test_an_answer_without_reasoning_or_without_calls_keeps_nothing() -> None:
    answer = completion({"text": "I look."}, USE)
    assert answer.opaque is None
    assert completion(THOUGHT, {"text": "Yes."}).opaque is None
    assert sent_back(answer) == [{"text": "I look."}, USE]


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "bedrock/us.amazon.nova-2-lite-v1:0"},
        {"tool_calls": (ToolCall(id="t2", name="find", arguments={"city": "Köln"}),)},
        {"opaque": [{"type": "thinking", "signature": "another vendor's"}]},
        {"opaque": {"encrypted_content": "another vendor's"}},
    ],
)
def test_what_the_model_has_not_said_in_that_turn_is_not_sent(changes: dict[str, Any]) -> None:
    told = sent_back(completion(THOUGHT, USE), **changes)
    assert [list(each) for each in told] == [["toolUse"]]


@pytest.mark.parametrize(("given", "written"), [(["Köln"], '["Köln"]'), ({"n": 2**70}, None)])
def test_the_input_of_a_tool_that_is_no_object_is_told_as_malformed(
    given: Any, written: str | None
) -> None:
    answer = completion(THOUGHT, {"toolUse": {**USE["toolUse"], "input": given}})
    (call,) = answer.tool_calls
    assert (call.arguments, call.malformed) == ({}, written or f'{{"n":{2**70}}}')
    assert sent_back(answer) == [THOUGHT, {"toolUse": {**USE["toolUse"], "input": {}}}]


@pytest.mark.parametrize(
    ("stop", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("malformed_tool_use", "malformed_tool_use"),
    ],
)
def test_why_the_model_stopped_is_in_our_words_where_we_have_one(stop: str, finish: str) -> None:
    assert completion({"text": "Yes."}, stop=stop).finish_reason == finish


@pytest.mark.parametrize("stop", ["guardrail_intervened", "content_filtered"])
def test_what_a_guardrail_or_a_filter_put_in_place_of_an_answer_is_none(stop: str) -> None:
    with pytest.raises(ModelRefused):
        completion({"text": "Sorry, the model cannot answer this question."}, stop=stop)


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        ({"inputTokens": 5, "outputTokens": 1}, Usage(input_tokens=5, output_tokens=1)),
        (
            {
                "inputTokens": 5,
                "outputTokens": 1,
                "totalTokens": 36,
                "cacheReadInputTokens": 20,
                "cacheWriteInputTokens": 10,
            },
            Usage(input_tokens=35, cached_tokens=20, cache_write_tokens=10, output_tokens=1),
        ),
        ({"inputTokens": 5}, None),
        ({"inputTokens": -5, "outputTokens": 1}, None),
        ({"inputTokens": True, "outputTokens": 1}, None),
        ("many", None),
        (None, None),
    ],
)
def test_usage_counts_what_the_cache_had_a_part_in(told: Any, usage: Usage | None) -> None:
    assert completion({"text": "Yes."}, usage=told).usage == usage


def test_the_model_that_a_prompt_router_has_chosen_is_named() -> None:
    chosen = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"
    trace = {"promptRouter": {"invokedModelId": chosen}}
    assert completion({"text": "Yes."}).model == MODEL
    assert completion({"text": "Yes."}, trace=trace).model == "bedrock/amazon.nova-lite-v1:0"


def test_blocks_that_nobody_asked_for_are_passed_over() -> None:
    assert completion({"audio": {"format": "mp3"}}, {"text": "Yes."}).text == "Yes."


def failure(status: int, kind: str, words: str = "", header: str | None = None) -> ModelError:
    headers = {} if header is None else {"x-amzn-errortype": header}
    body = json.dumps({"message": words} | ({"__type": kind} if kind else {})).encode()
    return WIRE.error(status, headers, body, MODEL)


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (429, "ThrottlingException", ModelRateLimited),
        (400, "ServiceQuotaExceededException", ModelRateLimited),
        (429, "ModelNotReadyException", ModelOverloaded),
        (503, "ServiceUnavailableException", ModelOverloaded),
        (408, "ModelTimeoutException", ModelTimeout),
        (424, "ModelErrorException", ModelUnavailable),
        (500, "InternalServerException", ModelUnavailable),
        (403, "AccessDeniedException", ModelAuthFailed),
        (403, "UnrecognizedClientException", ModelAuthFailed),
        (400, "ExpiredTokenException", ModelAuthFailed),
        (404, "ResourceNotFoundException", ModelUnknown),
        (400, "ValidationException", ModelRejectedRequest),
        (400, "NewException", ModelRejectedRequest),
        (502, "", ModelUnavailable),
    ],
)
def test_a_failure_is_known_by_its_type(status: int, kind: str, expected: type) -> None:
    error = failure(status, kind)
    assert type(error) is expected
    assert f"status {status}" in error.reason
    assert kind in error.reason


@pytest.mark.parametrize(
    "header",
    [
        "ThrottlingException",
        "ThrottlingException:http://internal.amazon.com/coral/",
        "com.amazon.bedrock#ThrottlingException",
    ],
)
def test_the_type_may_be_in_a_header_and_dressed_up(header: str) -> None:
    assert isinstance(failure(400, "", header=header), ModelRateLimited)
    assert isinstance(failure(400, header), ModelRateLimited)


@pytest.mark.parametrize(
    "words",
    [
        "Input is too long for requested model.",
        "prompt is too long: 213462 tokens > 200000 maximum",
        "Too many input tokens. Max input tokens: 8192, request input token count: 11112",
        "Input Tokens Exceeded: Number of input tokens exceeds maximum length.",
        "This model's maximum context length is 128000 tokens.",
    ],
)
def test_a_request_that_is_too_long_is_known_by_the_words(words: str) -> None:
    error = failure(400, "ValidationException", words)
    assert type(error) is ContextTooLong
    assert "tokens" not in error.reason


def test_a_name_of_no_model_is_known_by_the_words() -> None:
    error = failure(400, "ValidationException", "The provided model identifier is invalid.")
    assert isinstance(error, ModelUnknown)
    assert error.model == MODEL


def test_a_failure_of_the_model_itself_tells_its_status() -> None:
    body = {"__type": "ModelErrorException", "originalStatusCode": 500, "message": "the prompt"}
    error = WIRE.error(424, {}, json.dumps(body).encode(), MODEL)
    assert "status 500" in error.reason
    assert "prompt" not in error.reason
