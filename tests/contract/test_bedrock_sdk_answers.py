"""AWS's own SDK reads what Bedrock's dialect answers, and reads it as our adapter does."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError

from promptpilot.domain.message import ToolCall
from promptpilot.domain.model import Completion, Usage
from promptpilot.step_errors import ModelError
from tests.contract.bedrock_sdk import DIALECT, Sdk, asks, ours, sdk_clients, streamed, theirs
from tests.contract.dialects.bedrock import SIGNATURE
from tests.contract.dialects.dialect import Failure, Said
from tests.scripted_openai import ScriptedOpenAI, http, sends

SAID = Said(
    text="It is in Köln.",
    reasoning="Rivers.",
    tool_calls=(
        ToolCall(id="tooluse_1", name="find", arguments={"city": "Köln"}),
        ToolCall(id="tooluse_2", name="find", arguments={}),
    ),
    finish="tool_calls",
    usage=Usage(input_tokens=20, cached_tokens=4, cache_write_tokens=6, output_tokens=7),
)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedOpenAI]:
    async with ScriptedOpenAI() as server:
        yield server


@pytest.fixture
def sdk() -> Iterator[Sdk]:
    with sdk_clients() as make:
        yield make


async def test_the_sdk_reads_whole_answers_as_we_do(server: ScriptedOpenAI, sdk: Sdk) -> None:
    server.behave = sends(http(200, DIALECT.whole(SAID)))

    our = await ours(server, asks())
    their = await theirs(sdk(server.url))

    assert_same(our, their["output"]["message"]["content"], their["usage"], their["stopReason"])


async def test_the_sdk_reads_streams_as_we_do(server: ScriptedOpenAI, sdk: Sdk) -> None:
    frames = b"".join(DIALECT.streamed(SAID, ("It is ", "in Kö", "ln.")))
    server.behave = sends(http(200, frames, DIALECT.stream_type))

    our = await ours(server, asks(), stream=True)
    events = await asyncio.to_thread(streamed, sdk(server.url))

    content, told = put_together(events)
    assert_same(our, content, told["metadata"]["usage"], told["messageStop"]["stopReason"])


@pytest.mark.parametrize(
    "failure", ["rate_limited", "overloaded", "server_error", "wrong_key", "context_too_long"]
)
async def test_the_sdk_reads_the_name_of_a_failure_that_we_read(
    server: ScriptedOpenAI, sdk: Sdk, failure: Failure
) -> None:
    server.behave = sends(http(*DIALECT.failure(failure)))

    with pytest.raises(ModelError) as our:
        await ours(server, asks())
    with pytest.raises(ClientError) as their:
        await theirs(sdk(server.url))

    assert their.value.response["Error"]["Code"] in our.value.reason


@pytest.mark.parametrize("failure", ["rate_limited", "overloaded", "server_error", "bad_request"])
async def test_the_sdk_reads_the_name_of_a_failure_within_a_stream_that_we_read(
    server: ScriptedOpenAI, sdk: Sdk, failure: Failure
) -> None:
    frames = [*DIALECT.streamed(SAID, ("It ",))[:2], DIALECT.stream_failure(failure)]
    server.behave = sends(http(200, b"".join(frames), DIALECT.stream_type))

    with pytest.raises(ModelError) as our:
        await ours(server, asks(), stream=True)
    with pytest.raises(EventStreamError) as their:
        await asyncio.to_thread(streamed, sdk(server.url))

    assert their.value.response["Error"]["Code"].lower() in our.value.reason.lower()


def put_together(events: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The content of a message from the SDK's events, and its other events."""
    told: dict[str, Any] = {}
    content: dict[int, dict[str, Any]] = {}
    for each in events:
        ((name, of),) = each.items()
        if name == "contentBlockStart":
            content[of["contentBlockIndex"]] = {"toolUse": {**of["start"]["toolUse"], "input": ""}}
        elif name == "contentBlockDelta":
            add(content.setdefault(of["contentBlockIndex"], {}), of["delta"])
        else:
            told[name] = of
    for block in content.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"])
    return list(content.values()), told


def add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    else:
        text = block.setdefault("reasoningContent", {"reasoningText": {}})["reasoningText"]
        text |= delta["reasoningContent"]


def assert_same(
    our: Completion, content: list[dict[str, Any]], usage: dict[str, int], reason: str
) -> None:
    """Our completion against what the SDK read."""
    assert our.text == "".join(each["text"] for each in content if "text" in each)
    calls = [(each.id, each.name, each.arguments) for each in our.tool_calls]
    uses = [each["toolUse"] for each in content if "toolUse" in each]
    assert calls == [(each["toolUseId"], each["name"], each["input"]) for each in uses]
    assert our.opaque["content"] == content
    assert content[0]["reasoningContent"]["reasoningText"]["signature"] == SIGNATURE
    assert our.usage is not None
    assert our.usage.input_tokens + our.usage.output_tokens == usage["totalTokens"]
    assert our.usage.cached_tokens == usage["cacheReadInputTokens"]
    assert our.usage.cache_write_tokens == usage["cacheWriteInputTokens"]
    assert (our.finish_reason, reason) == ("tool_calls", "tool_use")
