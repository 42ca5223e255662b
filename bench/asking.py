"""One model call as the worker makes it: `services/asking` around the clients of the registry."""

import tempfile
from collections.abc import Awaitable
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Protocol

from bench.vendor_sdks import KEY, MAX_TOKENS, Ask, Format, Make
from embedded.database import Database
from embedded.in_turn import InTurn
from embedded.table import SqliteTable
from promptpilot.adapters.memory.cache import MemoryCache
from promptpilot.adapters.memory.rate_limiter import MemoryRateLimiter
from promptpilot.adapters.models.registry import ModelRegistry
from promptpilot.domain.message import Message
from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.ports.models import NO_ATTACHMENTS
from promptpilot.services.asking.breaker import Breakers
from promptpilot.services.asking.calls import Caller
from promptpilot.services.asking.chain import ask_models
from promptpilot.services.asking.hearing import Hear
from promptpilot.services.asking.question import Question
from promptpilot.services.budgets.spending import Spender
from promptpilot.settings import CustomModels
from promptpilot.vendor_settings import VendorSettings

WORKSPACE = "ws_01J00000000000000000000000"
CONNECTION = "fast"


def request(model: str, text: str) -> ModelRequest:
    """What is asked of every client."""
    return ModelRequest(
        model=model,
        messages=(Message(role="user", content=text),),
        settings=Settings(max_tokens=MAX_TOKENS),
    )


def bare_client(format: Format) -> Make:
    """Our client of that format by itself."""

    def make(stack: AsyncExitStack, url: str) -> Ask:
        client = format.bare(url)
        stack.push_async_callback(client.close)

        async def ask(text: str) -> str:
            return (await client.complete(request(format.model, text))).text

        return ask

    return make


def product_path(format: Format) -> Make:
    """All that is around a call: key, profile, budget, breaker, patience, account. No limit and no
    budget is set, and nothing is cached.
    """

    def make(stack: AsyncExitStack, url: str) -> Ask:
        return asking(stack, url, format.model)

    return make


class Asking(Protocol):
    """A prompt -> what the model says, which goes to `hear` while it says it."""

    def __call__(self, text: str, hear: Hear | None = None) -> Awaitable[str]: ...


def asking(stack: AsyncExitStack, url: str, model: str) -> Asking:
    """Asks as the embedded worker does."""
    models = registry(url)
    stack.push_async_callback(models.close)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    database = stack.enter_context(closing(Database(folder / "bench.db")))
    table, offload = SqliteTable(database), InTurn(database)
    breakers, limiter, cache = Breakers(), MemoryRateLimiter(), MemoryCache()

    async def ask(text: str, hear: Hear | None = None) -> str:
        caller = Caller(
            spender=Spender(WORKSPACE, "log", 1),
            limits=(),
            models=models,
            rate_limiter=limiter,
            breakers=breakers,
            table=table,
            offload=offload,
        )
        question = Question(WORKSPACE, request(model, text))
        asked = await ask_models(
            question, caller, cache=cache, attachments=NO_ATTACHMENTS, hear=hear
        )
        if asked.answer is None:
            raise RuntimeError(asked.error)
        assert caller.calls.usage is not None
        return str(asked.answer.output)

    return ask


def registry(url: str) -> ModelRegistry:
    """All vendors, all of them at that URL."""
    custom = CustomModels.model_validate({"base_url": f"{url}/v1", "api_key": KEY})
    vendors = VendorSettings.model_validate(
        {
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{url}/v1",
            "ANTHROPIC_API_KEY": KEY,
            "ANTHROPIC_BASE_URL": url,
            "GEMINI_API_KEY": KEY,
            "GEMINI_BASE_URL": url,
        }
    )
    return ModelRegistry({CONNECTION: custom}, vendors=vendors)
