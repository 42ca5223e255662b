"""The official `openai` SDK, set up for calling one server from one event loop.

Importing this module imports the SDK, which takes about a second; see `openai_compatible`.
"""

from dataclasses import dataclass
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2
import openai
from openai import AsyncOpenAI, Omit, omit
from pydantic import SecretStr

from promptpilot.adapters.models.aiohttp_client import AiohttpClient
from promptpilot.adapters.models.openai_errors import model_error

MAX_CONNECTIONS = 1000
KEEP_ALIVE_SECONDS = 4.0
"""Under the 5 s after which many servers close an idle connection, maybe just when we use it."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class _QuietOpenAI(AsyncOpenAI):
    """Sends the headers a call needs and no others.

    The SDK would add facts about this machine, and take an organisation, a project or whole
    headers from the environment: they belong to OpenAI's own service, not to any server.
    """

    @property
    def default_headers(self) -> dict[str, str | Omit]:
        """The headers of every request, on top of the key."""
        return {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "promptpilot",
        }


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer as it came."""

    content_type: str
    body: bytes


class OpenAIConnection:
    """Calls the Chat Completions of the server at `base_url`. Belongs to the running event loop."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._client = _QuietOpenAI(
            base_url=base_url,
            api_key="none",  # the SDK insists on one; every call brings its own, or none
            max_retries=0,
            timeout=None,
            http_client=AiohttpClient(_session(httpx2.URL(base_url))),
        )
        self._key: SecretStr | None = None
        self._options: Any = None

    async def post(self, body: bytes, model: str, api_key: SecretStr) -> Reply:
        """The answer to one request body. Raises a `ModelError`; `model` is for its text.

        An empty `api_key` sends none.
        """
        if api_key is not self._key:
            self._options = _options(api_key.get_secret_value())
            self._key = api_key
        try:
            # The SDK's own low-level call: without building its object model for every answer.
            response = await self._client.post(
                self._url, cast_to=httpx2.Response, content=body, options=self._options
            )
        except openai.OpenAIError as error:
            raise model_error(error, model) from error
        return Reply(response.headers.get("content-type", ""), response.content)

    async def close(self) -> None:
        """Close every connection to the server; calls under way fail."""
        await self._client.close()


def _options(api_key: str) -> dict[str, Any]:
    """Naming every option spares the SDK deep copies of its defaults on each call."""
    return {
        "headers": {
            "X-Stainless-Retry-Count": omit,
            "Authorization": f"Bearer {api_key}" if api_key else omit,
        },
        "max_retries": 0,
        "timeout": None,
        "params": {},
        "security": {"bearer_auth": True},
    }


def _session(base_url: httpx2.URL) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=MAX_CONNECTIONS,
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        ssl=httpx2.create_ssl_context() if base_url.scheme == "https" else True,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),  # one caller's cookies are none of another's
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # the caller has a clock
        proxy=_proxy(base_url),
    )


def _proxy(base_url: httpx2.URL) -> str | None:
    """The proxy that the environment sets for this server, if any; looked up once."""
    if base_url.host in _LOOPBACK or proxy_bypass(base_url.host):
        return None
    return getproxies().get(base_url.scheme)
