"""The Gemini adapter and its dialect against Google's own SDK, which is real about the format.

The SDK is imported in the tests alone: it takes seconds.
"""

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from pydantic.alias_generators import to_camel

from promptpilot.adapters.models.gemini.wire import API_VERSION
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.domain.message import CallTurn, ResultTurn, ToolCall
from promptpilot.domain.model import Completion, ModelRequest, Usage
from tests.contract.dialects.dialect import Failure, Said
from tests.contract.dialects.gemini import SIGNATURE, GeminiDialect
from tests.contract.gemini_requests import HELLO, PICTURE, PNG, REQUESTS
from tests.scripted_openai import Behaviour, ScriptedOpenAI, replies, streams

if TYPE_CHECKING:
    from google.genai import Client
    from google.genai.types import GenerateContentResponse

# The SDK's own, over the aiohttp that it finds here.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
    pytest.mark.asyncio(loop_scope="module"),  # a client of the SDK takes a quarter of a second
]

DIALECT = GeminiDialect()
WEATHER = ToolCall(id="g-1", name="weather", arguments={"city": "Bern"})
TIME = ToolCall(id="g-2", name="time", arguments={})
CALLS = Said(text="Wait.", tool_calls=(WEATHER, TIME), finish="tool_calls", reasoning="Hm.")


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
async def theirs(server: ScriptedOpenAI) -> AsyncIterator["Client"]:
    from google.genai import Client  # noqa: PLC0415 - takes seconds

    options: Any = {"base_url": root(server), "api_version": API_VERSION}
    client = Client(api_key=DIALECT.key, http_options=options)
    yield client
    await client.aio.aclose()
    client.close()


def root(server: ScriptedOpenAI) -> str:
    return server.url.removesuffix("/v1")


FREE = {"parametersJsonSchema", "responseJsonSchema", "args", "response"}
"""What is JSON of anybody's."""


def camel(value: Any) -> Any:
    """The same with the names of its fields as Google documents them, which take both forms."""
    if isinstance(value, list):
        return [camel(each) for each in value]
    if not isinstance(value, dict):
        return value
    named = {to_camel(name): each for name, each in value.items()}
    return {name: each if name in FREE else camel(each) for name, each in named.items()}


def plain(body: Any) -> Any:
    """The body without what makes no difference: the SDK names what lies deep as Python does, gives
    the system a role, sends an empty configuration, and uses the URL-safe alphabet of base64.
    """
    body = camel(body)
    body.get("systemInstruction", {}).pop("role", None)
    for part in (part for content in body["contents"] for part in content["parts"]):
        if "inlineData" in part:
            data = part["inlineData"]["data"]
            part["inlineData"]["data"] = data.replace("-", "+").replace("_", "/")
    return {name: value for name, value in body.items() if value}


@pytest.mark.parametrize(("fields", "contents", "config"), REQUESTS)
@pytest.mark.parametrize("stream", [False, True])
async def test_the_sdk_asks_for_the_same_in_the_same_words(
    server: ScriptedOpenAI,
    ours: HttpModelClient,
    theirs: "Client",
    fields: dict[str, Any],
    contents: Any,
    config: Any,
    stream: bool,
) -> None:
    server.behave = answers(Said(), stream=stream)
    request = ModelRequest(model="google/gemini-test", **fields)
    await ours.complete(
        request,
        on_text=(lambda text: None) if stream else None,
        attachments={PNG: PICTURE},
    )
    await asked_by_sdk(theirs, contents, config, stream=stream)
    own, other = server.received[-2:]
    assert own.target == other.target
    assert own.headers["x-goog-api-key"] == other.headers["x-goog-api-key"] == DIALECT.key
    assert own.body == plain(other.body)
    assert DIALECT.asked(own).model == "gemini-test"


@pytest.mark.parametrize("stream", [False, True])
async def test_the_sdk_sends_an_answer_of_calls_back_as_we_do(
    server: ScriptedOpenAI, ours: HttpModelClient, theirs: "Client", stream: bool
) -> None:
    server.behave = answers(CALLS, stream=stream)
    request = ModelRequest(model="google/gemini-test", messages=(HELLO,))
    called = await ours.complete(request, on_text=(lambda text: None) if stream else None)
    server.behave = answers(CALLS, stream=False)
    (answer,) = await asked_by_sdk(theirs, "Hello?", {}, stream=False)
    turn = CallTurn(
        content=called.text,
        tool_calls=called.tool_calls,
        opaque=json.loads(json.dumps(called.opaque)),
    )
    results = (
        ResultTurn(call_id="g-1", name="weather", content="Rain."),
        ResultTurn(call_id="g-2", name="time", content="No clock.", failed=True),
    )
    server.behave = answers(Said(), stream=False)
    await ours.complete(request.model_copy(update={"messages": (HELLO, turn, *results)}))
    await asked_by_sdk(theirs, sdk_conversation(answer), {}, stream=False)
    own, other = server.received[-2:]
    assert own.body == plain(other.body)
    assert DIALECT.asked(own).results == ("g-1", "g-2")
    signed = [each.get("thoughtSignature") for each in own.body["contents"][1]["parts"]]
    assert signed == [None, SIGNATURE, None]


SAID = [
    Said(),
    Said(finish="length"),
    Said(reasoning="Hm."),
    Said(usage=Usage(input_tokens=3, output_tokens=2)),
    CALLS,
    Said(text="", tool_calls=(TIME,), finish="tool_calls"),
]


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("stream", [False, True])
async def test_the_sdk_reads_the_same_out_of_an_answer(
    server: ScriptedOpenAI, ours: HttpModelClient, theirs: "Client", said: Said, stream: bool
) -> None:
    server.behave = answers(said, stream=stream)
    request = ModelRequest(model="google/gemini-test", messages=(HELLO,))
    read = await ours.complete(request, on_text=(lambda text: None) if stream else None)
    pieces = await asked_by_sdk(theirs, "Hello?", {}, stream=stream)
    assert (read.text, read.model) == (said.text, "google/served-model")
    assert read.tool_calls == said.tool_calls
    same(read, pieces)


FAILURES: list[Failure] = ["rate_limited", "overloaded", "wrong_key", "context_too_long"]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("within", [False, True])
async def test_the_sdk_knows_the_failures_of_the_dialect(
    server: ScriptedOpenAI, theirs: "Client", failure: Failure, within: bool
) -> None:
    from google.genai.errors import APIError  # noqa: PLC0415 - takes seconds

    status, body = DIALECT.failure(failure)
    first = DIALECT.streamed(Said(), ("Hel", "lo."))[0]
    server.behave = (
        streams(first, DIALECT.stream_failure(failure)) if within else replies(status, body)
    )
    with pytest.raises(APIError) as raised:
        await asked_by_sdk(theirs, "Hello?", {}, stream=within)
    assert raised.value.code == status
    assert f'"{raised.value.status}"'.encode() in body


def answers(said: Said, *, stream: bool) -> Behaviour:
    if stream:
        return streams(*DIALECT.streamed(said, (said.text[:3], said.text[3:])))
    return replies(200, DIALECT.whole(said))


async def asked_by_sdk(
    client: "Client", contents: Any, config: Any, *, stream: bool
) -> list["GenerateContentResponse"]:
    """The SDK's answer, in pieces where it is streamed."""
    models = client.aio.models
    if not stream:
        return [
            await models.generate_content(model="gemini-test", contents=contents, config=config)
        ]
    pieces = await models.generate_content_stream(
        model="gemini-test", contents=contents, config=config
    )
    return [piece async for piece in pieces]


def sdk_conversation(answer: "GenerateContentResponse") -> Any:
    """What follows an answer of calls, as Google's page on function calling has it."""
    assert answer.candidates
    content = answer.candidates[0].content
    assert content
    assert content.parts
    content.parts = [part for part in content.parts if not part.thought]
    results = [
        {"id": "g-1", "name": "weather", "response": {"output": "Rain."}},
        {"id": "g-2", "name": "time", "response": {"error": "No clock."}},
    ]
    return [
        {"role": "user", "parts": [{"text": "Hello?"}]},
        content,
        {"role": "user", "parts": [{"function_response": each} for each in results]},
    ]


def same(read: Completion, pieces: list["GenerateContentResponse"]) -> None:
    """What we read and what the SDK does."""
    assert read.text == "".join(each.text or "" for each in pieces)
    calls = [call for each in pieces for call in each.function_calls or ()]
    assert [(each.id, each.name, each.arguments) for each in read.tool_calls] == [
        (each.id, each.name, each.args) for each in calls
    ]
    last = pieces[-1]
    assert read.model == f"google/{last.model_version}"
    assert last.candidates
    finish = last.candidates[0].finish_reason
    assert finish
    assert (read.finish_reason == "length") == (finish.name == "MAX_TOKENS")
    counted = last.usage_metadata
    assert counted
    assert read.usage
    assert read.usage.input_tokens + read.usage.output_tokens == counted.total_token_count
    assert read.usage.input_tokens == counted.prompt_token_count
    assert read.usage.cached_tokens == (counted.cached_content_token_count or 0)
    assert read.usage.reasoning_tokens == (counted.thoughts_token_count or 0)
