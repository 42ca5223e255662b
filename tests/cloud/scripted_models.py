"""The scripted OpenAI-compatible server in a thread: a model's name says how it behaves."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.scripted_openai import Behaviour, Received, ScriptedOpenAI, echoes, replies

START_SECONDS = 10
CONNECTION = "scripted"
REFUSED = {"error": {"message": "no", "type": "invalid_request_error"}}
BUSY = {"error": {"message": "slow down", "type": "rate_limit_error"}}


def model(name: str) -> str:
    """What a prompt calls that model."""
    return f"custom/{CONNECTION}/{name}"


@dataclass
class ScriptedModels:
    """`echo` gives back its prompt; `fails-once-N` first answers a prompt with status N, then
    echoes; `refuses` never answers.
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
    """The setting by which a deployment knows the server."""
    return {CONNECTION: {"base_url": models.url, "models": ["echo"]}}
