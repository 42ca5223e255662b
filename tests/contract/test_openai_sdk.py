"""Our two formats of OpenAI's against its own SDK: the same requests, the same readings of answers,
which the SDK holds against its own types.

The SDK is imported in the tests alone: it takes a second.
"""

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from promptpilot.domain.model import Usage
from tests.contract.dialects.chat_completions import ChatCompletionsDialect
from tests.contract.dialects.dialect import Dialect, Failure, Said
from tests.contract.dialects.responses import ResponsesDialect
from tests.contract.openai_requests import (
    BLOBS,
    CALLS,
    CHAT_REQUESTS,
    RESPONSES_REQUESTS,
    TIME,
)
from tests.contract.openai_sdk import (
    assert_same_calls,
    assert_same_request,
    completes,
    parsed,
    request_of,
    responds,
    sent_back,
)
from tests.contract.wire_rig import WireRig
from tests.scripted_openai import ScriptedOpenAI, replies

if TYPE_CHECKING:
    from openai import AsyncOpenAI

pytestmark = pytest.mark.asyncio(loop_scope="module")  # a client of the SDK takes a while to make

once = pytest_asyncio.fixture(scope="module", loop_scope="module")


@once
async def server() -> AsyncIterator[ScriptedOpenAI]:
    async with ScriptedOpenAI() as server:
        yield server


@once
async def theirs(server: ScriptedOpenAI) -> AsyncIterator["AsyncOpenAI"]:
    from openai import AsyncOpenAI  # noqa: PLC0415 - takes a second

    client = AsyncOpenAI(
        api_key="canary-sdk",
        base_url=server.url,
        max_retries=0,
        _strict_response_validation=True,
    )
    yield client
    await client.close()


async def rig_of(dialect: Dialect, server: ScriptedOpenAI, stream: str) -> AsyncIterator[WireRig]:
    client = dialect.client(server.root)
    yield WireRig(dialect, server, client, stream=stream == "streamed")
    await client.close()


@pytest_asyncio.fixture(params=["whole", "streamed"], loop_scope="module")
async def responses(
    request: pytest.FixtureRequest, server: ScriptedOpenAI
) -> AsyncIterator[WireRig]:
    async for rig in rig_of(ResponsesDialect(), server, request.param):
        yield rig


@pytest_asyncio.fixture(params=["whole", "streamed"], loop_scope="module")
async def chat(request: pytest.FixtureRequest, server: ScriptedOpenAI) -> AsyncIterator[WireRig]:
    async for rig in rig_of(ChatCompletionsDialect(), server, request.param):
        yield rig


@pytest.mark.parametrize(("fields", "arguments"), RESPONSES_REQUESTS)
async def test_the_sdk_asks_for_a_response_in_the_same_words(
    responses: WireRig, theirs: "AsyncOpenAI", fields: Any, arguments: Any
) -> None:
    await responses.asked(request_of(responses, fields), BLOBS)
    await responds(theirs, responses, **arguments)
    assert_same_request(responses)


@pytest.mark.parametrize(("fields", "arguments"), CHAT_REQUESTS)
async def test_the_sdk_asks_for_a_chat_completion_in_the_same_words(
    chat: WireRig, theirs: "AsyncOpenAI", fields: Any, arguments: Any
) -> None:
    await chat.asked(request_of(chat, fields), BLOBS)
    await completes(theirs, chat, **arguments)
    assert_same_request(chat)


SAID = [
    Said(),
    Said(text="naïve 日本語 🎉"),
    Said(finish="length"),
    Said(reasoning="Hm."),
    Said(usage=Usage(input_tokens=3, output_tokens=2)),
    CALLS,
    Said(text="", tool_calls=(TIME,), finish="tool_calls"),
]


@pytest.mark.parametrize("said", SAID)
async def test_the_sdk_reads_the_same_out_of_a_response(
    responses: WireRig, theirs: "AsyncOpenAI", said: Said
) -> None:
    responses.says(said)
    read = await responses.ask()
    answer = await responds(theirs, responses, input="Hello?")
    assert read.text == answer.output_text == said.text
    calls = [each for each in answer.output if each.type == "function_call"]
    assert_same_calls(read, [(each.call_id, each.name, each.arguments) for each in calls])
    assert (read.finish_reason == "length") == (answer.status == "incomplete")
    assert read.model == f"openai/{answer.model}"
    assert answer.usage
    assert read.usage == Usage(
        input_tokens=answer.usage.input_tokens,
        cached_tokens=answer.usage.input_tokens_details.cached_tokens,
        cache_write_tokens=answer.usage.input_tokens_details.cache_write_tokens,
        output_tokens=answer.usage.output_tokens,
        reasoning_tokens=answer.usage.output_tokens_details.reasoning_tokens,
    )


@pytest.mark.parametrize("said", SAID)
async def test_the_sdk_reads_the_same_out_of_a_chat_completion(
    chat: WireRig, theirs: "AsyncOpenAI", said: Said
) -> None:
    chat.says(said)
    read = await chat.ask()
    answer = await completes(theirs, chat, messages=[{"role": "user", "content": "Hello?"}])
    choice = answer.choices[0]
    assert read.text == (choice.message.content or "") == said.text
    calls = [each for each in choice.message.tool_calls or () if each.type == "function"]
    told = [(each.id, each.function.name, each.function.arguments) for each in calls]
    assert_same_calls(read, told)
    assert read.finish_reason == choice.finish_reason
    assert read.model == f"custom/fake/{answer.model}"
    assert answer.usage
    assert read.usage
    assert read.usage.input_tokens == answer.usage.prompt_tokens
    assert read.usage.output_tokens == answer.usage.completion_tokens
    assert answer.usage.prompt_tokens_details
    assert read.usage.cached_tokens == answer.usage.prompt_tokens_details.cached_tokens


async def test_the_sdk_sends_calls_and_results_back_as_we_do(
    responses: WireRig, theirs: "AsyncOpenAI"
) -> None:
    responses.says(CALLS)
    answer = await responds(theirs, responses, input="Hello?")
    await sent_back(responses)
    outputs = [
        {"type": "function_call_output", "call_id": "call_1", "output": "Rain."},
        {"type": "function_call_output", "call_id": "call_2", "output": "No clock."},
    ]
    items: Any = [{"role": "user", "content": "Hello?"}, *answer.output, *outputs]
    await responds(theirs, responses, input=items)
    own, other = responses.server.received[-2:]
    assert own.body["input"] == other.body["input"]


async def test_the_sdk_sends_messages_of_calls_back_as_we_do(
    chat: WireRig, theirs: "AsyncOpenAI"
) -> None:
    chat.says(CALLS)
    answer = await completes(theirs, chat, messages=[{"role": "user", "content": "Hello?"}])
    await sent_back(chat)
    said: Any = answer.choices[0].message
    calls = [
        {
            "id": each.id,
            "type": each.type,
            "function": {"name": each.function.name, "arguments": each.function.arguments},
        }
        for each in said.tool_calls
    ]
    told = {"content": said.content, "reasoning_content": said.reasoning_content}
    talk: Any = [
        {"role": "user", "content": "Hello?"},
        {"role": "assistant", **told, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_1", "content": "Rain."},
        {"role": "tool", "tool_call_id": "call_2", "content": "No clock."},
    ]
    await completes(theirs, chat, messages=talk)
    own, other = (parsed(each.body["messages"]) for each in chat.server.received[-2:])
    assert own == other


FAILURES: dict[Failure, str] = {
    "rate_limited": "RateLimitError",
    "overloaded": "InternalServerError",
    "wrong_key": "AuthenticationError",
    "no_such_model": "NotFoundError",
    "bad_request": "BadRequestError",
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_the_sdk_knows_the_failures_of_the_dialect(
    server: ScriptedOpenAI, theirs: "AsyncOpenAI", failure: Failure
) -> None:
    from openai import APIStatusError  # noqa: PLC0415 - takes a second

    status, body = ResponsesDialect().failure(failure)
    server.behave = replies(status, body)
    with pytest.raises(APIStatusError) as raised:
        await theirs.responses.create(model="gpt-test", input="Hello?")
    assert type(raised.value).__name__ == FAILURES[failure]
    assert raised.value.code == json.loads(body)["error"]["code"]


@pytest.mark.parametrize("dialect", [ResponsesDialect(), ChatCompletionsDialect()])
async def test_the_sdk_knows_a_failure_within_a_stream(
    server: ScriptedOpenAI, theirs: "AsyncOpenAI", dialect: Dialect
) -> None:
    from openai import APIError  # noqa: PLC0415 - takes a second

    rig = WireRig(dialect, server, dialect.client(server.root), stream=True)
    first = dialect.streamed(Said(), ("Hel", "lo."))[:1]
    server.behave = rig.streams(*first, dialect.stream_failure("overloaded"))
    asking: Any = (
        responds(theirs, rig, input="Hello?")
        if isinstance(dialect, ResponsesDialect)
        else completes(theirs, rig, messages=[{"role": "user", "content": "Hello?"}])
    )
    with pytest.raises(APIError, match="XYZZY"):
        await asking


async def test_the_sdk_knows_a_response_that_has_failed(
    server: ScriptedOpenAI, theirs: "AsyncOpenAI"
) -> None:
    dialect = ResponsesDialect()
    rig = WireRig(dialect, server, dialect.client(server.root), stream=True)
    server.behave = rig.streams(dialect.stream_failure("rate_limited"))
    last = await responds(theirs, rig, input="Hello?")
    assert last.error
    assert (last.status, last.error.code) == ("failed", "rate_limit_exceeded")
