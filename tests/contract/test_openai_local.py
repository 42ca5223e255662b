"""OpenAI's two formats with a server that is real: the model that ships speaks both."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from embedded.local_model import LocalModel
from promptpilot.adapters.models.chat_completions.wire import openai_compatible
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.adapters.models.local import LocalEndpoint
from promptpilot.adapters.models.responses.wire import openai
from promptpilot.domain.message import CallTurn, Message, ResultTurn, Tool, ToolCall
from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.step_errors import ContextTooLong, ModelAuthFailed

FORMATS = {
    "responses": lambda at, key: openai(key, base_url=at.base_url, prefix="local/"),
    "chat completions": lambda at, key: openai_compatible(at.base_url, key, prefix="local/"),
}
SCHEMA = {
    "type": "object",
    "properties": {"mood": {"type": "string", "enum": ["happy", "sad"]}},
    "required": ["mood"],
    "additionalProperties": False,
}
WEATHER = Tool(name="weather", description="Of a city.", parameters=SCHEMA)
CALL = ToolCall(id="call_1", name="weather", arguments={"mood": "happy"})


@pytest.fixture(scope="module")
def local_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalModel]:
    model = LocalModel(tmp_path_factory.mktemp("model"))
    model.start()
    yield model
    model.close()


@pytest.fixture
async def endpoint(local_model: LocalModel) -> LocalEndpoint:
    return await local_model.endpoint()


@pytest.fixture(params=sorted(FORMATS))
async def client(
    request: pytest.FixtureRequest, endpoint: LocalEndpoint
) -> AsyncIterator[HttpModelClient]:
    client = FORMATS[request.param](endpoint, endpoint.api_key)
    yield client
    await client.close()


def request(*turns: Any, **fields: Any) -> ModelRequest:
    return ModelRequest(
        model="local/smollm2-135m",
        messages=(Message(role="system", content="Be brief."), *turns),
        timeout=120.0,
        **{"settings": Settings(max_tokens=12, temperature=0.0)} | fields,
    )


def user(text: str) -> Message:
    return Message(role="user", content=text)


async def test_a_real_server_answers_whole_and_streamed(client: HttpModelClient) -> None:
    question = request(
        user("Hi."), Message(role="assistant", content="Hello!"), user("The sun is shining.")
    )
    whole = await client.complete(question)
    told: list[str] = []
    streamed = await client.complete(question, on_text=told.append)

    assert whole.text
    assert "".join(told) == streamed.text
    assert len(told) > 1
    assert streamed.time_to_first_token_ms is not None
    for completion in (whole, streamed):
        assert completion.model == "local/smollm2-135m"
        assert completion.finish_reason in {"stop", "length"}
        assert completion.usage is not None
        assert completion.usage.input_tokens > 10
        assert 0 < completion.usage.output_tokens <= 12


@pytest.mark.parametrize("stream", [False, True])
async def test_a_real_server_takes_tools_and_their_results(
    client: HttpModelClient, stream: bool
) -> None:
    called = CallTurn(content="Wait.", tool_calls=(CALL,))
    result = ResultTurn(call_id="call_1", name="weather", content="It is happy.")
    question = request(user("How is the weather?"), called, result, tools=(WEATHER,))
    completion = await client.complete(question, on_text=(lambda _: None) if stream else None)
    assert completion.text or completion.tool_calls


async def test_a_real_server_says_why_it_does_not_answer(client: HttpModelClient) -> None:
    with pytest.raises(ContextTooLong):
        await client.complete(request(user("word " * 3000)))
    with pytest.raises(ContextTooLong):
        await client.complete(request(user("word " * 3000)), on_text=lambda _: None)


@pytest.mark.parametrize("name", FORMATS)
async def test_a_real_server_refuses_another_key(endpoint: LocalEndpoint, name: str) -> None:
    client = FORMATS[name](endpoint, SecretStr("canary-other"))
    with pytest.raises(ModelAuthFailed):
        await client.complete(request(user("Hi.")))
    await client.close()


async def test_a_real_server_holds_a_chat_to_a_schema(endpoint: LocalEndpoint) -> None:
    client = FORMATS["chat completions"](endpoint, endpoint.api_key)
    for on_text in (None, lambda _: None):
        question = request(user("The sun is shining."), output_schema=SCHEMA, settings=Settings())
        answer = await client.complete(question, on_text=on_text)
        assert json.loads(answer.text)["mood"] in {"happy", "sad"}
    await client.close()
