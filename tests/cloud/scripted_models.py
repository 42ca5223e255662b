"""The scripted OpenAI-compatible server in a thread: a model's name says how it behaves."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.scripted_openai import Behaviour, Received, ScriptedOpenAI, echoes, replies, says

START_SECONDS = 10
CONNECTION, PRICED = "scripted", "priced"
REFUSED = {"error": {"message": "no", "type": "invalid_request_error"}}
BUSY = {"error": {"message": "slow down", "type": "rate_limit_error"}}


def model(name: str, connection: str = CONNECTION) -> str:
    """What a prompt calls that model."""
    return f"custom/{connection}/{name}"


@dataclass
class ScriptedModels:
    """`echo` gives back its prompt; `fails-once-N` first answers a prompt with status N, then
    echoes; `refuses` never answers; `looks-up` calls its tool and says what that told it.
    """

    url: str = ""
    calls: Counter[str] = field(default_factory=Counter)

    async def behave(self, received: Received, transport: asyncio.Transport) -> None:
        await self._behaviour(received.body)(received, transport)

    def _behaviour(self, body: Any) -> Behaviour:
        name, text = body["model"], body["messages"][-1]["content"]
        self.calls[text] += 1
        if name == "refuses":
            return replies(400, REFUSED)
        if name == "looks-up":
            return echoes if body["messages"][-1]["role"] == "tool" else _calls_its_tool(body)
        if name.startswith("fails-once-") and self.calls[text] == 1:
            return replies(int(name.removeprefix("fails-once-")), BUSY)
        return echoes


@contextmanager
def serving_models() -> Iterator[ScriptedModels]:
    """Serve until the end of the block."""
    models, ready, done = ScriptedModels(), threading.Event(), threading.Event()

    async def serve() -> None:
        async with ScriptedOpenAI(models.behave) as server:
            models.url = server.url
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(START_SECONDS)
        yield models
    finally:
        done.set()
        thread.join(START_SECONDS)


def connection(models: ScriptedModels) -> dict[str, Any]:
    """The setting by which a deployment knows the server; what is called as `priced` has a price,
    of a micro-dollar for each token.
    """
    price = {"input_per_million": 1, "output_per_million": 1, "as_of": "2026-11-25"}
    server = {"base_url": models.url, "models": ["echo"]}
    return {CONNECTION: server, PRICED: {**server, "price": price}}


def _calls_its_tool(body: Any) -> Behaviour:
    function = {
        "name": body["tools"][0]["function"]["name"],
        "arguments": '{"query": {"article": "A7"}}',
    }
    call = {"id": "call_1", "type": "function", "function": function}
    message = {"tool_calls": [call]}
    return says(None, message=message, choice={"finish_reason": "tool_calls"})
