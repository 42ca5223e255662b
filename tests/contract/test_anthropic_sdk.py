"""The Anthropic adapter and its dialect against Anthropic's own SDK, which knows the format.

The SDK is imported in the tests alone: it takes seconds.
"""

import json
from collections.abc import AsyncIterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from pydantic import TypeAdapter

from promptpilot.adapters.models.anthropic_messages.output_format import output_format
from promptpilot.adapters.models.anthropic_messages.wire import API_VERSION, SAMPLING_VERSION
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.domain.message import Attachment, CallTurn, Message, ResultTurn, Tool, ToolCall
from promptpilot.domain.model import Completion, ModelRequest, Settings, Usage
from promptpilot.step_errors import ModelRefused
from tests.contract.dialects.anthropic import SIGNATURE, AnthropicDialect
from tests.contract.dialects.dialect import Failure, Said
from tests.scripted_openai import Behaviour, Received, ScriptedOpenAI, replies, streams

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import Message as TheirMessage

pytestmark = pytest.mark.asyncio(loop_scope="module")  # a client of the SDK takes a while

DIALECT = AnthropicDialect()
HELLO = Message(role="user", content="Hello?")
PNG, PDF, TXT = ("1" * 64, "2" * 64, "3" * 64)
CONTENTS = {PNG: b"\x89PNG\xff\xfe", PDF: b"%PDF", TXT: "Füße".encode()}
WEATHER = ToolCall(id="t1", name="weather", arguments={"city": "Bern"})
TIME = ToolCall(id="t2", name="time", arguments={})
CALLS = Said(text="Wait.", tool_calls=(WEATHER, TIME), finish="tool_calls", reasoning="Hm.")
TOOL = Tool(name="weather", description="Of a city.", parameters={"type": "object"})
SCHEMA = {
    "type": "object",
    "properties": {
        "mood": {"type": "string", "enum": ["good", "bad"]},
        "since": {"type": "number"},
    },
    "required": ["mood"],
    "additionalProperties": False,
}

once = pytest_asyncio.fixture(scope="module", loop_scope="module")


@once
async def server() -> AsyncIterator[ScriptedOpenAI]:
    async with ScriptedOpenAI() as server:
        yield server


@once
async def ours(server: ScriptedOpenAI) -> AsyncIterator[HttpModelClient]:
    client = DIALECT.client(root(server))
    yield client
    await client.close()


@once
async def theirs(server: ScriptedOpenAI) -> AsyncIterator["AsyncAnthropic"]:
    from anthropic import AsyncAnthropic  # noqa: PLC0415 - takes seconds

    async with AsyncAnthropic(api_key=DIALECT.key, base_url=root(server), max_retries=0) as client:
        yield client


def root(server: ScriptedOpenAI) -> str:
    return server.url.removesuffix("/v1")


def base64(media_type: str, blob: str) -> dict[str, Any]:
    """The SDK encodes what it is given as a file."""
    return {"type": "base64", "media_type": media_type, "data": CONTENTS[blob]}


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


ASKED = user({"type": "text", "text": "Hello?"})
REQUESTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": ({}, {"messages": [ASKED]}),
    "a conversation": (
        {
            "messages": (
                Message(role="system", content="Be brief."),
                HELLO,
                Message(role="assistant", content="Hi."),
                Message(role="user", content="Well?"),
            ),
            "settings": Settings(max_tokens=9, stop=("END",)),
        },
        {
            "system": "Be brief.",
            "messages": [
                {"role": "user", "content": "Hello?"},
                {"role": "assistant", "content": "Hi."},
                {"role": "user", "content": "Well?"},
            ],
            "max_tokens": 9,
            "stop_sequences": ["END"],
        },
    ),
    "an image and documents": (
        {
            "messages": (
                Message(
                    role="user",
                    content="Hello?",
                    attachments=(
                        Attachment(blob=PNG, media_type="image/png"),
                        Attachment(blob=PDF, media_type="application/pdf", name="b.pdf"),
                        Attachment(blob=TXT, media_type="text/plain"),
                    ),
                ),
            )
        },
        {
            "messages": [
                user(
                    {"type": "image", "source": base64("image/png", PNG)},
                    {
                        "type": "document",
                        "source": base64("application/pdf", PDF),
                        "title": "b.pdf",
                    },
                    {
                        "type": "document",
                        "source": {"type": "text", "media_type": "text/plain", "data": "Füße"},
                    },
                    {"type": "text", "text": "Hello?"},
                )
            ]
        },
    ),
    "tools": (
        {"tools": (TOOL,), "tool_choice": "required"},
        {
            "messages": [ASKED],
            "tools": [
                {
                    "name": "weather",
                    "description": "Of a city.",
                    "input_schema": {"type": "object"},
                }
            ],
            "tool_choice": {"type": "any"},
        },
    ),
    "adaptive thinking and a schema": (
        {"settings": Settings(reasoning_effort="high", max_tokens=99), "output_schema": SCHEMA},
        {
            "messages": [ASKED],
            "max_tokens": 99,
            "thinking": {"type": "adaptive"},
            "output_config": {
                "effort": "high",
                "format": {"type": "json_schema", "schema": SCHEMA},
            },
        },
    ),
    "no thinking": (
        {"settings": Settings(reasoning_effort="none"), "model": "anthropic/claude-sonnet-5-5"},
        {
            "model": "claude-sonnet-5-5",
            "messages": [ASKED],
            "max_tokens": 4096,
            "thinking": {"type": "between_tools"},
        },
    ),
    "a budget to think with": (
        {"settings": Settings(reasoning_tokens=2048)},
        {
            "messages": [ASKED],
            "max_tokens": 4096 + 2048,
            "thinking": {"type": "enabled", "budget_tokens": 2048},
        },
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("stream", [False, True])
async def test_the_sdk_sends_the_same(
    server: ScriptedOpenAI, ours: HttpModelClient, theirs: "AsyncAnthropic", name: str, stream: bool
) -> None:
    fields, asked = REQUESTS[name]
    server.behave = answers(Said(), stream=stream)
    await ask(ours, stream=stream, **fields)
    await asked_by_sdk(theirs, stream=stream, **asked)
    own, other = server.received[-2:]
    assert own.body == plain(other.body)
    assert own.target == other.target
    assert own.headers["anthropic-version"] == other.headers["anthropic-version"] == API_VERSION
    of_its_type(own)


@pytest.mark.parametrize("stream", [False, True])
async def test_the_sdk_sends_an_answer_of_calls_back_as_we_do(
    server: ScriptedOpenAI, ours: HttpModelClient, theirs: "AsyncAnthropic", stream: bool
) -> None:
    server.behave = answers(CALLS, stream=stream)
    called = await ask(ours, stream=stream, tools=(TOOL,))
    answer = await asked_by_sdk(theirs, stream=stream, messages=[ASKED])
    turn = CallTurn(
        content=called.text,
        tool_calls=called.tool_calls,
        opaque=json.loads(json.dumps(called.opaque)),
    )
    results = (
        ResultTurn(call_id="t1", name="weather", content="Rain."),
        ResultTurn(call_id="t2", name="time", content="No clock.", failed=True),
    )
    server.behave = answers(Said(), stream=False)
    await ask(ours, stream=False, messages=(HELLO, turn, *results))
    told: Any = [
        {"type": "tool_result", "tool_use_id": "t1", "content": "Rain."},
        {"type": "tool_result", "tool_use_id": "t2", "content": "No clock.", "is_error": True},
    ]
    conversation = [ASKED, answer.to_param(), user(*told)]
    await asked_by_sdk(theirs, stream=False, messages=conversation)
    own, other = server.received[-2:]
    assert own.body == plain(other.body)
    assert DIALECT.asked(own).results == ("t1", "t2")
    assert own.body["messages"][1]["content"][0]["signature"] == SIGNATURE
    of_its_type(own)


async def test_sampling_is_asked_for_in_the_version_that_has_it(
    server: ScriptedOpenAI, ours: HttpModelClient
) -> None:
    from anthropic.types.message_create_params import (  # noqa: PLC0415 - takes seconds
        MessageCreateParamsBase,
    )

    server.behave = answers(Said(), stream=False)
    await ask(ours, stream=False, settings=Settings(temperature=0.5))
    assert server.received[-1].headers["anthropic-version"] == SAMPLING_VERSION
    assert "temperature" not in MessageCreateParamsBase.__annotations__


SAID = {
    "text": Said(),
    "cut off": Said(finish="length"),
    "thinking": Said(reasoning="Hm."),
    "cached": Said(usage=Usage(input_tokens=9, cached_tokens=2, cache_write_tokens=3)),
    "calls": CALLS,
    "a call alone": Said(text="", tool_calls=(TIME,), finish="tool_calls"),
}


@pytest.mark.parametrize("name", SAID)
@pytest.mark.parametrize("stream", [False, True])
async def test_the_sdk_reads_the_same_out_of_an_answer(
    server: ScriptedOpenAI, ours: HttpModelClient, theirs: "AsyncAnthropic", name: str, stream: bool
) -> None:
    said = SAID[name]
    server.behave = answers(said, stream=stream)
    read = await ask(ours, stream=stream)
    told = await asked_by_sdk(theirs, stream=stream, messages=[ASKED])
    assert (read.text, read.model) == (said.text, "anthropic/served-model")
    assert read.tool_calls == said.tool_calls
    same(read, told)


@pytest.mark.parametrize("stream", [False, True])
async def test_the_sdk_knows_a_refusal_of_the_dialect(
    server: ScriptedOpenAI, ours: HttpModelClient, theirs: "AsyncAnthropic", stream: bool
) -> None:
    server.behave = answers(Said(refused=True), stream=stream)
    with pytest.raises(ModelRefused):
        await ask(ours, stream=stream)
    told = await asked_by_sdk(theirs, stream=stream, messages=[ASKED])
    assert told.stop_reason == "refusal"


FAILURES: list[Failure] = [
    "rate_limited",
    "overloaded",
    "server_error",
    "wrong_key",
    "no_such_model",
    "context_too_long",
]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("within", [False, True])
async def test_the_sdk_knows_the_failures_of_the_dialect(
    server: ScriptedOpenAI, theirs: "AsyncAnthropic", failure: Failure, within: bool
) -> None:
    from anthropic import APIStatusError  # noqa: PLC0415 - takes seconds

    status, body = DIALECT.failure(failure)
    first = DIALECT.streamed(Said(), ("Hel", "lo."))[0]
    server.behave = (
        streams(first, DIALECT.stream_failure(failure)) if within else replies(status, body)
    )
    with pytest.raises(APIStatusError) as raised:
        await asked_by_sdk(theirs, stream=within, messages=[ASKED])
    assert raised.value.type == json.loads(body)["error"]["type"]


@pytest.mark.parametrize(
    "schema",
    [
        SCHEMA,
        {"type": "object", "properties": {"a": {"type": "string", "format": "date"}}},
        {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "null"}}}},
        {"type": "object", "properties": {"a": {"oneOf": [{"type": "string"}, {"const": 1}]}}},
        {"type": "object", "properties": {"a": {"enum": ["x", None]}}, "required": ["a"]},
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "properties": {}, **SCHEMA}}},
        {
            "type": "object",
            "properties": {
                "a": {"type": "integer", "minimum": 1, "description": "How many."},
                "b": {"type": "string", "minLength": 1, "pattern": "^x"},
                "c": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            },
        },
    ],
)
async def test_a_schema_is_narrowed_as_the_sdk_narrows_it(schema: Any) -> None:
    from anthropic import transform_schema  # noqa: PLC0415 - takes seconds

    told = output_format(schema)
    assert told is not None
    assert undescribed(told) == undescribed(transform_schema(schema))


def answers(said: Said, *, stream: bool) -> Behaviour:
    if stream:
        return streams(*DIALECT.streamed(said, (said.text[:3], said.text[3:])))
    return replies(200, DIALECT.whole(said))


async def ask(client: HttpModelClient, *, stream: bool, **fields: Any) -> Completion:
    request = ModelRequest(**{"model": DIALECT.model, "messages": (HELLO,), **fields})
    on_text = (lambda text: None) if stream else None
    return await client.complete(request, on_text=on_text, attachments=CONTENTS)


async def asked_by_sdk(client: "AsyncAnthropic", *, stream: bool, **asked: Any) -> "TheirMessage":
    """The SDK's answer, put together by it where it is streamed."""
    fields = with_files({"model": "claude-test", "max_tokens": 20_480, **asked})
    if not stream:
        message: TheirMessage = await client.messages.create(**fields)
        return message
    async with client.messages.stream(**fields) as answer:
        return await answer.get_final_message()


def with_files(value: Any) -> Any:
    if isinstance(value, list):
        return [with_files(each) for each in value]
    if isinstance(value, dict):
        return {name: with_files(each) for name, each in value.items()}
    return BytesIO(value) if isinstance(value, bytes) else value


def plain(body: Any) -> Any:
    """The body without what makes no difference: one text is as good as a list of its block, and
    what is null as good as left out.
    """
    body = _without_nulls(body)
    if "system" in body:
        body["system"] = [{"type": "text", "text": body["system"]}]
    for message in body["messages"]:
        if isinstance(message["content"], str):
            message["content"] = [{"type": "text", "text": message["content"]}]
    return body


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: _without_nulls(each) for name, each in value.items() if each is not None}


def of_its_type(received: Received) -> None:
    """Fails where the SDK's types know no such request."""
    from anthropic.types import MessageCreateParams  # noqa: PLC0415 - takes seconds

    known: TypeAdapter[Any] = TypeAdapter(MessageCreateParams)
    known.validate_python(received.body)


def undescribed(schema: Any) -> Any:
    """Without descriptions, which are worded otherwise, and without a type beside an `enum`."""
    if isinstance(schema, list):
        return [undescribed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    left_out = {"description", *(("type",) if "enum" in schema else ())}
    return {name: undescribed(each) for name, each in schema.items() if name not in left_out}


def same(read: Completion, told: "TheirMessage") -> None:
    """What we read and what the SDK does."""
    texts = [block.text for block in told.content if block.type == "text"]
    assert read.text == "".join(texts)
    calls = [block for block in told.content if block.type == "tool_use"]
    assert [(each.id, each.name, each.arguments) for each in read.tool_calls] == [
        (each.id, each.name, each.input) for each in calls
    ]
    assert read.model == f"anthropic/{told.model}"
    finish = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
    assert read.finish_reason == finish[told.stop_reason or ""]
    counted = told.usage
    assert read.usage
    read_cache, written = counted.cache_read_input_tokens, counted.cache_creation_input_tokens
    assert read.usage.input_tokens == counted.input_tokens + (read_cache or 0) + (written or 0)
    assert read.usage.cached_tokens == read_cache
    assert read.usage.cache_write_tokens == written
    assert read.usage.output_tokens == counted.output_tokens
    if counted.output_tokens_details:
        assert read.usage.reasoning_tokens == counted.output_tokens_details.thinking_tokens
    if read.opaque:
        kept = [_without_nulls(block.model_dump()) for block in told.content]
        assert read.opaque["content"] == kept
