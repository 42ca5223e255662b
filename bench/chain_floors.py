"""The chain without a product: a bare loop of model calls, with two clients, and the least server
that keeps what it does.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import aiohttp
import openai

from bench.chain_work import Ask, notes, run_bare
from bench.load import Call


@asynccontextmanager
async def aiohttp_calls(url: str) -> AsyncIterator[Ask]:
    """Model calls by aiohttp alone, the cheapest client in Python, to the server at `url`."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, raise_for_status=True) as http:

        async def ask(prompt: str) -> str:
            body = {"model": "echo", "messages": [{"role": "user", "content": prompt}]}
            async with http.post(f"{url}/chat/completions", json=body) as response:
                answer = await response.json()
                return str(answer["choices"][0]["message"]["content"])

        yield ask


@asynccontextmanager
async def sdk_calls(url: str) -> AsyncIterator[Ask]:
    """Model calls by OpenAI's SDK as it comes, to the server at `url`."""
    async with openai.AsyncOpenAI(base_url=url, api_key="x", max_retries=0) as client:

        async def ask(prompt: str) -> str:
            answer = await client.chat.completions.create(
                model="echo", messages=[{"role": "user", "content": prompt}]
            )
            return str(answer.choices[0].message.content)

        yield ask


CLIENTS: dict[str, Callable[[str], AbstractAsyncContextManager[Ask]]] = {
    "bare aiohttp loop": aiohttp_calls,
    "bare openai SDK loop": sdk_calls,
}


async def open_chains(stack: AsyncExitStack, url: str) -> dict[str, Call]:
    """One bare chain for each client, as calls that `bench.load` takes."""
    asks = {name: await stack.enter_async_context(open_(url)) for name, open_ in CLIENTS.items()}
    return {name: _chain(ask) for name, ask in asks.items()}


def _chain(ask: Ask) -> Call:
    async def call(number: int) -> str:
        return await run_bare(ask, notes(number))

    return call


def least_chain(http: aiohttp.ClientSession, server: str, model: str) -> Call:
    """The chain by `bench.least_server` at the URL `server`, on the model at `model`."""

    async def call(number: int) -> str:
        asked = {"text": notes(number), "model": model}
        async with http.post(server, json=asked) as response:
            return str((await response.json())["output"])

    return call
