"""The Anthropic adapter with a server that is real: the model that ships speaks this format too."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from embedded.local_model import LocalModel
from promptpilot.adapters.models.anthropic_messages.wire import anthropic
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.domain.message import CallTurn, Message, ResultTurn, Tool, ToolCall
from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.step_errors import ContextTooLong, ModelAuthFailed

WEATHER = Tool(name="weather", description="Of a city.", parameters={"type": "object"})
CALL = ToolCall(id="t1", name="weather", arguments={"city": "Bern"})


class Local:
    """The server, as whoever has its key or another one."""

    def __init__(self, base_url: str, key: SecretStr) -> None:
        self.client = self._client(base_url, key)
        self.stranger = self._client(base_url, SecretStr("canary-other"))

    def _client(self, base_url: str, key: SecretStr) -> HttpModelClient:
        return anthropic(key, base_url=base_url, prefix="local/")


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Local]:
    model = LocalModel(tmp_path)
    model.start()
    try:
        endpoint = await model.endpoint()
        local = Local(endpoint.base_url.removesuffix("/v1"), endpoint.api_key)
        yield local
        await local.client.close()
        await local.stranger.close()
    finally:
        model.close()


def request(*turns: Any, **fields: Any) -> ModelRequest:
    return ModelRequest(
        model="local/smollm2-135m",
        messages=(Message(role="system", content="Be brief."), *turns),
        settings=Settings(max_tokens=12, temperature=0.0),
        timeout=120.0,
        **fields,
    )


async def test_a_real_server_answers_whole_and_streamed(local: Local) -> None:
    question = request(Message(role="user", content="The sun is shining."))
    whole = await local.client.complete(question)
    told: list[str] = []
    streamed = await local.client.complete(question, on_text=told.append)

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

    call = CallTurn(content="Wait.", tool_calls=(CALL,))
    result = ResultTurn(call_id="t1", name="weather", content="Rain.")
    weather = Message(role="user", content="How is the weather?")
    after = await local.client.complete(request(weather, call, result, tools=(WEATHER,)))
    assert after.usage is not None

    with pytest.raises(ContextTooLong):
        await local.client.complete(request(Message(role="user", content="word " * 3000)))
    with pytest.raises(ModelAuthFailed):
        await local.stranger.complete(question)
