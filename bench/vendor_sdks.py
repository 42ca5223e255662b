"""One model call by a vendor's own SDK, by bare aiohttp, and by our clients.

The SDKs are imported where they are used: together they take seconds.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
from pydantic import SecretStr

from bench.chain_work import notes
from promptpilot.adapters.models.anthropic_messages.wire import AnthropicMessages
from promptpilot.adapters.models.chat_completions.wire import ChatCompletions
from promptpilot.adapters.models.gemini.wire import Gemini
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.adapters.models.http.wire import Wire
from promptpilot.adapters.models.responses.wire import Responses
from promptpilot.domain.model import ModelRequest
from promptpilot.ports.models import NO_ATTACHMENTS
from tests.contract.dialects.all_dialects import DIALECTS

MAX_TOKENS = 500
KEY = SecretStr("canary-bench")
WIRES: Mapping[str, Wire] = {
    "chat completions": ChatCompletions("custom/fast/"),
    "responses": Responses("openai/"),
    "anthropic": AnthropicMessages("anthropic/"),
    "gemini": Gemini("google/"),
}

Ask = Callable[[str], Awaitable[str]]
"""A prompt -> what the model says."""
Make = Callable[[AsyncExitStack, str], Ask]
"""Makes one for the server at that URL."""


@dataclass(frozen=True)
class Format:
    """One vendor's format. `model` is a name in the product, `bare` the client of it alone; `sdks`
    are ways to call by the vendor's own, the plain one first.
    """

    title: str
    model: str
    dialect: str
    sdks: Mapping[str, Make]

    @property
    def name(self) -> str:
        """The model's name at the vendor."""
        return self.model.rpartition("/")[2]

    @property
    def base(self) -> str:
        """The path that the vendor's own calls begin with, as a client of it is told."""
        return "/v1" if self.dialect in {"chat completions", "responses"} else ""

    def bare(self, url: str) -> HttpModelClient:
        """A client of the server there."""
        return DIALECTS[self.dialect].client(url)


def bare_aiohttp(format: Format) -> Make:
    """The requests of our client, written and sent by aiohttp alone, and the answers read as JSON
    and no further.
    """

    def make(stack: AsyncExitStack, url: str) -> Ask:
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1000))
        stack.push_async_callback(session.close)
        wire = WIRES[format.dialect]
        request = ModelRequest.model_validate(
            {"model": format.model, "messages": [{"role": "user", "content": "?"}]}
        )
        call = wire.call(request, NO_ATTACHMENTS, stream=False)
        target, body = f"{url}{format.base}/{call.path}", json.loads(call.body)

        async def ask(text: str) -> str:
            body["asked"] = text
            async with session.post(target, json=body, headers=call.headers) as response:
                return json.dumps(await response.json())

        return ask

    return make


def _chat_completions(*, over_aiohttp: bool) -> Make:
    def make(stack: AsyncExitStack, url: str) -> Ask:
        import openai  # noqa: PLC0415 - takes a second

        client = openai.AsyncOpenAI(
            base_url=f"{url}/v1",
            api_key=KEY.get_secret_value(),
            max_retries=0,
            http_client=openai.DefaultAioHttpClient() if over_aiohttp else None,
        )
        stack.push_async_callback(client.close)

        async def ask(text: str) -> str:
            answer = await client.chat.completions.create(
                model="echo",
                messages=[{"role": "user", "content": text}],
                max_tokens=MAX_TOKENS,
            )
            return answer.choices[0].message.content or ""

        return ask

    return make


def _responses(stack: AsyncExitStack, url: str) -> Ask:
    import openai  # noqa: PLC0415 - takes a second

    client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY.get_secret_value(), max_retries=0)
    stack.push_async_callback(client.close)

    async def ask(text: str) -> str:
        answer = await client.responses.create(
            model=RESPONSES.name,
            input=[{"role": "user", "content": text}],
            max_output_tokens=MAX_TOKENS,
            store=False,
        )
        return answer.output_text

    return ask


def _messages(*, over_aiohttp: bool) -> Make:
    def make(stack: AsyncExitStack, url: str) -> Ask:
        import anthropic  # noqa: PLC0415 - takes seconds

        client = anthropic.AsyncAnthropic(
            base_url=url,
            api_key=KEY.get_secret_value(),
            max_retries=0,
            http_client=anthropic.DefaultAioHttpClient() if over_aiohttp else None,
        )
        stack.push_async_callback(client.close)

        async def ask(text: str) -> str:
            answer = await client.messages.create(
                model=MESSAGES.name,
                messages=[{"role": "user", "content": text}],
                max_tokens=MAX_TOKENS,
            )
            return "".join(each.text for each in answer.content if each.type == "text")

        return ask

    return make


def _gemini(stack: AsyncExitStack, url: str) -> Ask:
    from google.genai import Client, types  # noqa: PLC0415 - takes seconds

    options = types.HttpOptions(base_url=url, api_version="v1beta")
    client = Client(api_key=KEY.get_secret_value(), http_options=options)
    stack.push_async_callback(client.aio.aclose)
    config = types.GenerateContentConfig(max_output_tokens=MAX_TOKENS)

    async def ask(text: str) -> str:
        answer = await client.aio.models.generate_content(
            model=GEMINI.name, contents=text, config=config
        )
        return answer.text or ""

    return ask


CHAT = Format(
    "Chat Completions",
    "custom/fast/echo",
    "chat completions",
    {
        "openai SDK": _chat_completions(over_aiohttp=False),
        "openai SDK over aiohttp": _chat_completions(over_aiohttp=True),
    },
)
RESPONSES = Format("Responses", "openai/gpt-4.1-mini", "responses", {"openai SDK": _responses})
MESSAGES = Format(
    "Messages",
    "anthropic/claude-haiku-4-5",
    "anthropic",
    {
        "anthropic SDK": _messages(over_aiohttp=False),
        "anthropic SDK over aiohttp": _messages(over_aiohttp=True),
    },
)
GEMINI = Format("Gemini", "google/gemini-2.5-flash", "gemini", {"google-genai": _gemini})
FORMATS = (CHAT, RESPONSES, MESSAGES, GEMINI)
PROMPT = notes(1)
