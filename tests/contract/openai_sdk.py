"""Asking with OpenAI's SDK and with our client, and holding what comes of it against each other.

The SDK is imported in functions alone: it takes a second.
"""

import json
from typing import TYPE_CHECKING, Any

from promptpilot.domain.message import CallTurn, ResultTurn
from promptpilot.domain.model import Completion, ModelRequest
from tests.contract.openai_requests import HELLO, TOOLS
from tests.contract.wire_rig import WireRig

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletion, ChatCompletionChunk
    from openai.types.responses import Response


def request_of(rig: WireRig, fields: dict[str, Any]) -> ModelRequest:
    changes = {name: value for name, value in fields.items() if name != "messages"}
    return rig.request(*fields["messages"], **changes)


async def responds(client: "AsyncOpenAI", rig: WireRig, **arguments: Any) -> "Response":
    """The SDK's answer, which of a stream is in the last event; its pieces are all of it."""
    told = {"model": "gpt-test", "store": False} | arguments
    if not rig.stream:
        whole: Response = await client.responses.create(**told)
        return whole
    told |= {"stream": True}
    events = [event async for event in await client.responses.create(**told)]
    last: Response = events[-1].response
    deltas = [each.delta for each in events if each.type == "response.output_text.delta"]
    assert last.status == "failed" or "".join(deltas) == last.output_text
    return last


async def completes(client: "AsyncOpenAI", rig: WireRig, **arguments: Any) -> "ChatCompletion":
    """The SDK's answer, which it puts together out of the pieces of a stream."""
    from openai.lib.streaming.chat import ChatCompletionStreamState  # noqa: PLC0415 - takes a second

    told = {"model": "org/model"} | arguments
    if not rig.stream:
        whole: ChatCompletion = await client.chat.completions.create(**told)
        return whole
    told |= {"stream": True, "stream_options": {"include_usage": True}}
    state: Any = ChatCompletionStreamState()
    chunk: ChatCompletionChunk
    async for chunk in await client.chat.completions.create(**told):
        state.handle_chunk(chunk)
    put_together: ChatCompletion = state.current_completion_snapshot
    return put_together


async def sent_back(rig: WireRig) -> None:
    """Ask with an answer of calls and their results."""
    called = await rig.ask(rig.request(HELLO, tools=TOOLS))
    turn = CallTurn(content=called.text, tool_calls=called.tool_calls, opaque=called.opaque)
    results = (
        ResultTurn(call_id="call_1", name="weather", content="Rain."),
        ResultTurn(call_id="call_2", name="time", content="No clock.", failed=True),
    )
    await rig.asked(rig.request(HELLO, turn, *results, tools=TOOLS))


def assert_same_request(rig: WireRig) -> None:
    own, other = rig.server.received[-2:]
    assert own.target == other.target
    assert own.headers["content-type"] == other.headers["content-type"]
    assert own.body == other.body


def assert_same_calls(read: Completion, told: list[tuple[str, str, str]]) -> None:
    assert [(each.id, each.name, each.arguments) for each in read.tool_calls] == [
        (own, name, json.loads(arguments)) for own, name, arguments in told
    ]


def parsed(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with the arguments of calls as values, however their text is spaced."""
    for function in (call["function"] for each in messages for call in each.get("tool_calls", ())):
        function["arguments"] = json.loads(function["arguments"])
    return messages
