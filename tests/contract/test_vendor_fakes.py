"""Our adapters against aimock, a server of the vendors' formats that others wrote.

It is an npm package: `make mock-test` installs it and runs this. Its answers are in
`vendor_fakes.json`; it fails what fits none of them, so it must understand what we ask.
"""

import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from promptpilot.adapters.models.anthropic_messages.wire import anthropic
from promptpilot.adapters.models.bedrock.signing import api_key
from promptpilot.adapters.models.bedrock.wire import bedrock
from promptpilot.adapters.models.chat_completions.wire import openai_compatible
from promptpilot.adapters.models.gemini.wire import gemini
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.adapters.models.responses.wire import openai
from promptpilot.domain.message import CallTurn, Message, ResultTurn, Tool, ToolCall
from promptpilot.domain.model import Completion, ModelRequest, Settings, Usage
from promptpilot.step_errors import ModelRateLimited

HERE = Path(__file__).parent
AIMOCK = HERE.parents[1] / "tools/aimock/node_modules/@copilotkit/aimock/dist/cli.js"
JOURNAL = "/__aimock/journal"
"""All requests, in the form of chat completions, be they in whichever format."""
KEY = SecretStr("canary-3c70")
SCHEMA = {
    "type": "object",
    "properties": {"mood": {"type": "string"}},
    "required": ["mood"],
    "additionalProperties": False,
}
WEATHER = Tool(
    name="weather",
    description="What it is like.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}},
)

pytestmark = pytest.mark.skipif(not AIMOCK.exists(), reason="`make mock-test` installs aimock")

CLIENTS: dict[str, Callable[[str], HttpModelClient]] = {
    "openai/gpt-5": lambda url: openai(KEY, base_url=f"{url}/v1"),
    "anthropic/claude-sonnet-4-5": lambda url: anthropic(KEY, base_url=url),
    "google/gemini-3-pro": lambda url: gemini(KEY, base_url=url),
    "bedrock/amazon.nova-lite-v1:0": lambda url: bedrock("eu-west-1", api_key(KEY), endpoint=url),
    "custom/fake/some-model": lambda url: openai_compatible(
        f"{url}/v1", KEY, prefix="custom/fake/"
    ),
}


@pytest.fixture(scope="module")
def aimock() -> Iterator[str]:
    """The URL of a server."""
    server = subprocess.Popen(
        ["node", AIMOCK, "--port=0", f"--fixtures={HERE / 'vendor_fakes.json'}", "--strict"],
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert server.stdout
    said = []
    try:
        for line in server.stdout:
            said.append(line)
            if " listening on " in line:
                yield line.split()[-1]
                return
        pytest.fail(f"aimock did not start: {''.join(said)}")
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


@pytest.fixture(params=CLIENTS)
def model(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
async def client(aimock: str, model: str) -> AsyncIterator[HttpModelClient]:
    client = CLIENTS[model](aimock)
    yield client
    await client.close()


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streamed(request: pytest.FixtureRequest) -> bool:
    asked: bool = request.param
    return asked


async def ask(client: HttpModelClient, request: ModelRequest, *, streamed: bool) -> Completion:
    texts: list[str] = []
    completion = await client.complete(request, on_text=texts.append if streamed else None)
    assert "".join(texts) == (completion.text if streamed else "")
    return completion


def hello(model: str, text: str = "Hello?") -> ModelRequest:
    return ModelRequest(model=model, messages=(Message(role="user", content=text),))


async def test_an_answer_is_read(model: str, client: HttpModelClient, streamed: bool) -> None:
    completion = await ask(client, hello(model), streamed=streamed)
    assert completion.text == "Hello – how are you today, my friend?"
    assert completion.finish_reason == "stop"
    assert completion.usage == Usage(input_tokens=12, output_tokens=7)


async def test_an_answer_is_streamed_in_pieces(model: str, client: HttpModelClient) -> None:
    pieces: list[str] = []
    completion = await client.complete(hello(model), on_text=pieces.append)
    assert len(pieces) > 1
    assert completion.time_to_first_token_ms is not None


async def test_what_the_system_says_and_a_schema_are_understood(
    model: str, client: HttpModelClient, streamed: bool
) -> None:
    request = ModelRequest(
        model=model,
        messages=(
            Message(role="system", content="You answer in JSON."),
            Message(role="user", content="Hello?"),
            Message(role="assistant", content="Hello."),
            Message(role="user", content="What mood are you in?"),
        ),
        output_schema=SCHEMA,
    )
    assert (await ask(client, request, streamed=streamed)).text == '{"mood":"good"}'


async def test_a_request_means_the_same_in_every_format(
    model: str, client: HttpModelClient, aimock: str, streamed: bool
) -> None:
    request = ModelRequest(
        model=model,
        messages=(
            Message(role="system", content="Be brief."),
            Message(role="user", content="Hello?"),
        ),
        settings=Settings(max_tokens=99),
        tools=(WEATHER,),
    )
    await ask(client, request, streamed=streamed)
    async with aiohttp.ClientSession() as session, session.get(f"{aimock}{JOURNAL}") as told:
        understood = (await told.json())[-1]["body"]
    assert understood["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello?"},
    ]
    assert understood["max_tokens"] == 99
    (tool,) = understood["tools"]
    assert tool["function"]["name"] == "weather"
    assert tool["function"]["description"] == "What it is like."


async def test_reasoning_is_no_part_of_the_answer(
    model: str, client: HttpModelClient, streamed: bool
) -> None:
    request = hello(model, "Think: what is two and two?")
    assert (await ask(client, request, streamed=streamed)).text == "Four."


async def test_calls_are_read_and_their_results_understood(
    model: str, client: HttpModelClient, streamed: bool
) -> None:
    request = hello(model, "How is the weather?").model_copy(update={"tools": (WEATHER,)})
    called = await ask(client, request, streamed=streamed)
    assert called.text == "Let me see."
    assert called.finish_reason == "tool_calls"
    assert [(each.name, each.arguments) for each in called.tool_calls] == [
        ("weather", {"city": "Bern"}),
        ("weather", {"city": "Genf"}),
    ]
    turn = CallTurn(content=called.text, tool_calls=called.tool_calls, opaque=called.opaque)
    results = (result(each, "It rains.") for each in called.tool_calls)
    asked = request.model_copy(update={"messages": (*request.messages, turn, *results)})
    assert (await ask(client, asked, streamed=streamed)).text == "Take an umbrella."


def result(call: ToolCall, content: str) -> ResultTurn:
    return ResultTurn(call_id=call.id, name=call.name, content=content)


async def test_a_limit_is_known(model: str, client: HttpModelClient, streamed: bool) -> None:
    with pytest.raises(ModelRateLimited):
        await ask(client, hello(model, "This is too much."), streamed=streamed)
