"""What every vendor has to do for us, as it does it today."""

import json

import pytest
from pydantic import SecretStr

from promptpilot.adapters.models.registry import ModelRegistry
from promptpilot.domain.message import CallTurn, Message, ResultTurn, Tool
from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.settings import Settings as Environment
from promptpilot.step_errors import ModelAuthFailed
from tests.live_vendors.conftest import Asking, models

WRONG_KEY = "sk-wrong-key-for-a-test-0000000000000000"
SECONDS = 60.0
FEW = Settings(max_tokens=200)
WEATHER = Tool(
    name="get_weather",
    description="Tells the weather in a city.",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
CAPITAL = {
    "type": "object",
    "properties": {"capital": {"type": "string"}},
    "required": ["capital"],
    "additionalProperties": False,
}


def user(text: str) -> Message:
    return Message(role="user", content=text)


async def test_a_model_answers(ask: Asking) -> None:
    question = user("Reply with the word pong and nothing else.")
    request = ModelRequest(model=ask.model, messages=(question,), settings=FEW, timeout=SECONDS)
    completion = await ask(request)
    assert "pong" in completion.text.lower()
    assert completion.finish_reason == "stop"


async def test_a_model_answers_piece_by_piece(ask: Asking) -> None:
    question = user("Count from one to five in words.")
    request = ModelRequest(model=ask.model, messages=(question,), settings=FEW, timeout=SECONDS)
    pieces: list[str] = []
    completion = await ask(request, pieces.append)
    assert "".join(pieces) == completion.text
    assert "three" in completion.text.lower()
    assert completion.time_to_first_token_ms is not None


async def test_a_model_calls_a_tool_and_uses_what_it_gives(ask: Asking) -> None:
    question = user("What is the weather in Lisbon? Use the tool.")
    first = ModelRequest(
        model=ask.model,
        messages=(question,),
        settings=FEW,
        tools=(WEATHER,),
        tool_choice="required",
        timeout=SECONDS,
    )
    called = await ask(first)
    assert called.finish_reason == "tool_calls"
    call = called.tool_calls[0]
    assert (call.name, "lisbon" in str(call.arguments).lower()) == ("get_weather", True)
    results = (
        ResultTurn(call_id=each.id, name=each.name, content="17 degrees and foggy")
        for each in called.tool_calls
    )
    turns = (
        question,
        CallTurn(content=called.text, tool_calls=called.tool_calls, opaque=called.opaque),
        *results,
    )
    second = first.model_copy(update={"messages": turns, "tool_choice": None})
    assert "fog" in (await ask(second)).text.lower()


async def test_an_answer_keeps_to_a_schema(ask: Asking) -> None:
    if not ask.registry.profile(ask.model).structured_output:
        pytest.skip(f"{ask.model} has no structured output")
    request = ModelRequest(
        model=ask.model,
        messages=(user("Which city is the capital of France?"),),
        settings=FEW,
        output_schema=CAPITAL,
        timeout=SECONDS,
    )
    assert json.loads((await ask(request)).text) == {"capital": "Paris"}


async def test_a_good_key_passes_the_check_and_a_wrong_one_is_refused(vendor: str) -> None:
    environment = Environment.read()
    registry = ModelRegistry({}, vendors=environment)
    key = environment.keys[vendor]
    if key:
        await registry.check_key(vendor, key)
    with pytest.raises(ModelAuthFailed) as raised:
        await registry.check_key(vendor, SecretStr(WRONG_KEY))
    assert WRONG_KEY not in str(raised.value)
    await registry.close()


async def test_a_call_with_a_wrong_key_says_so(vendor: str) -> None:
    field = f"{vendor}_key"
    environment = Environment.read().model_copy(update={field: SecretStr(WRONG_KEY)})
    registry = ModelRegistry({}, vendors=environment)
    model = models()[vendor]
    request = ModelRequest(model=model, messages=(user("Hi."),), settings=FEW, timeout=SECONDS)
    with pytest.raises(ModelAuthFailed) as raised:
        await registry.client(model, "ws_live").complete(request)
    assert WRONG_KEY not in str(raised.value)
    await registry.close()
