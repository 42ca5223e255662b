"""What every `ModelClient` promises, whatever is behind it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from pydantic import SecretStr

from embedded.local_model import LOG_FILE, LocalModel
from promptpilot.adapters.models.chat_completions.wire import openai_compatible
from promptpilot.adapters.models.registry import ModelRegistry
from promptpilot.domain.message import Message
from promptpilot.domain.model import Completion, ModelRequest, Settings
from promptpilot.ports.models import ModelClient
from promptpilot.step_errors import ContextTooLong, ModelOverloaded, ModelTimeout
from tests.fakes import ScriptedModel
from tests.scripted_openai import ScriptedOpenAI, echoes, hangs, replies, says

LONG = 30.0


def ask(text: str = "Hi.", *, model: str = "custom/fake/m", timeout: float = LONG) -> ModelRequest:
    return ModelRequest(
        model=model, messages=(Message(role="user", content=text),), timeout=timeout
    )


class Rig(Protocol):
    """A client, and the power to say what is behind it."""

    client: ModelClient

    def will_say(self, text: str, *, usage: bool = True) -> None: ...
    def will_echo(self) -> None: ...
    def will_hang(self) -> None: ...
    def will_be_overloaded(self) -> None: ...
    async def until_asked(self) -> None: ...
    async def until_left(self) -> None: ...


class ServerRig:
    def __init__(self, server: ScriptedOpenAI) -> None:
        self.server = server
        self.client = openai_compatible(server.url, SecretStr("key"), prefix="custom/fake/")

    def will_say(self, text: str, *, usage: bool = True) -> None:
        self.server.behave = says(text) if usage else says(text, usage=None)

    def will_echo(self) -> None:
        self.server.behave = echoes

    def will_hang(self) -> None:
        self.server.behave = hangs

    def will_be_overloaded(self) -> None:
        self.server.behave = replies(503, {})

    async def until_asked(self) -> None:
        await asyncio.wait_for(self.server.arrived.wait(), LONG)

    async def until_left(self) -> None:
        await asyncio.wait_for(self.server.received[-1].disconnected.wait(), LONG)


class FakeRig:
    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.answer: str | Completion | ModelOverloaded = ""
        self.echo = False
        self.client = ScriptedModel(self._script, gate=self.gate)

    def _script(self, request: ModelRequest) -> str | Completion | ModelOverloaded:
        return request.messages[-1].content if self.echo else self.answer

    def will_say(self, text: str, *, usage: bool = True) -> None:
        self.answer = text if usage else Completion(text=text, model="custom/fake/m")

    def will_echo(self) -> None:
        self.echo = True

    def will_hang(self) -> None:
        self.gate.clear()

    def will_be_overloaded(self) -> None:
        self.answer = ModelOverloaded()

    async def until_asked(self) -> None:
        await asyncio.wait_for(self.client.arrived.wait(), LONG)

    async def until_left(self) -> None:
        assert self.client.cancelled == 1


@pytest.fixture(params=["openai-compatible", "scripted"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    if request.param == "scripted":
        yield FakeRig()
        return
    async with ScriptedOpenAI() as server:
        rig = ServerRig(server)
        yield rig
        await rig.client.close()


@pytest.mark.parametrize(
    "text",
    ["Hello.", "", "naïve 日本語 🎉 \u2028 \x00 'quoted' \"twice\"", "x" * 1_000_000],
    ids=["plain", "empty", "unicode", "1 MB"],
)
async def test_the_answer_arrives_as_it_was_given(rig: Rig, text: str) -> None:
    rig.will_say(text)
    completion = await rig.client.complete(ask())
    assert completion.text == text
    assert completion.model.startswith("custom/fake/")
    assert completion.finish_reason == "stop"


async def test_the_request_arrives_as_it_was_made(rig: Rig) -> None:
    rig.will_echo()
    text = "naïve 日本語 🎉 \u2028 \x00"
    assert (await rig.client.complete(ask(text))).text == text


async def test_tokens_are_counted(rig: Rig) -> None:
    rig.will_say("one two three")
    usage = (await rig.client.complete(ask())).usage
    assert usage is not None
    assert usage.output_tokens == 3


async def test_usage_that_is_not_told_is_unknown_and_not_zero(rig: Rig) -> None:
    rig.will_say("Hello.", usage=False)
    assert (await rig.client.complete(ask())).usage is None


async def test_a_model_that_hangs_is_given_up_after_the_timeout(rig: Rig) -> None:
    rig.will_hang()
    with pytest.raises(ModelTimeout):
        await asyncio.wait_for(rig.client.complete(ask(timeout=0.05)), LONG)


async def test_the_client_works_on_after_a_failure(rig: Rig) -> None:
    rig.will_be_overloaded()
    with pytest.raises(ModelOverloaded):
        await rig.client.complete(ask())
    rig.will_say("Hello.")
    assert (await rig.client.complete(ask())).text == "Hello."


async def test_200_calls_at_once_each_get_their_own_answer(rig: Rig) -> None:
    rig.will_echo()
    texts = [f"number {number}" for number in range(200)]
    answers = await asyncio.gather(*(rig.client.complete(ask(text)) for text in texts))
    assert [answer.text for answer in answers] == texts


async def test_cancelling_a_call_ends_it(rig: Rig) -> None:
    rig.will_hang()
    call = asyncio.create_task(rig.client.complete(ask()))
    await rig.until_asked()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await rig.until_left()


async def test_what_is_told_on_the_way_is_the_answer(rig: Rig) -> None:
    rig.will_say("One two three.")
    told: list[str] = []
    completion = await rig.client.complete(ask(), on_text=told.append)
    assert "".join(told) == completion.text == "One two three."


async def test_of_a_call_that_fails_nothing_is_told(rig: Rig) -> None:
    rig.will_be_overloaded()
    told: list[str] = []
    with pytest.raises(ModelOverloaded):
        await rig.client.complete(ask(), on_text=told.append)
    assert not told


@pytest.fixture
def local_model(tmp_path: Path) -> Iterator[LocalModel]:
    model = LocalModel(tmp_path)
    model.start()
    yield model
    model.close()


async def test_the_model_that_ships_keeps_the_promises_too(
    local_model: LocalModel, tmp_path: Path
) -> None:
    registry = ModelRegistry({}, local_model)
    client = registry.client("local/smollm2-135m", "workspace_1")
    schema = {
        "type": "object",
        "properties": {"mood": {"enum": ["happy", "sad"]}},
        "required": ["mood"],
        "additionalProperties": False,
    }
    question = ask("The sun is shining.", model="local/smollm2-135m", timeout=120.0)
    few = Settings(max_tokens=12, temperature=0.0, seed=7)
    try:
        free = await client.complete(question.model_copy(update={"settings": few}))
        told: list[str] = []
        streamed = await client.complete(
            question.model_copy(update={"settings": few}), on_text=told.append
        )
        constrained = await client.complete(question.model_copy(update={"output_schema": schema}))
        with pytest.raises(ContextTooLong):
            await client.complete(ask("word " * 3000, model="local/smollm2-135m", timeout=120.0))
    finally:
        await registry.close()
    assert free.text
    assert "".join(told) == streamed.text
    assert len(told) > 1
    assert streamed.usage is not None
    assert streamed.time_to_first_token_ms is not None
    assert free.model == "local/smollm2-135m"
    assert free.usage is not None
    assert 0 < free.usage.output_tokens <= 12
    assert json.loads(constrained.text)["mood"] in {"happy", "sad"}

    assert "word" not in (tmp_path / LOG_FILE).read_text(), "prompts are in the log"
