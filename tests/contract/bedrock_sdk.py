"""Calling one server both with our adapter and with AWS's own SDK."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

from promptpilot.domain.message import Message, Turn
from promptpilot.domain.model import Completion, ModelRequest
from tests.contract.dialects.bedrock import REGION, BedrockDialect
from tests.scripted_openai import ScriptedOpenAI

DIALECT = BedrockDialect()
SECRET = "canary-secret-51c8"
KEYS = {"aws_access_key_id": DIALECT.key, "aws_secret_access_key": SECRET}
MODEL = DIALECT.model.removeprefix("bedrock/")
GREETING = {"messages": [{"role": "user", "content": [{"text": "Grüße"}]}]}
_LOADER = Loader()  # which keeps the service's description, a large one

Sdk = Callable[..., Any]
"""Makes clients of the SDK's, for a URL."""


@contextmanager
def sdk_clients() -> Iterator[Sdk]:
    """They are closed in the end."""
    with ExitStack() as made:

        def make(url: str | None, region: str = REGION, **keys: str) -> Any:
            session = Session()
            session.register_component("data_loader", _LOADER)
            client = session.create_client(
                "bedrock-runtime",
                region_name=region,
                endpoint_url=url,
                config=Config(retries={"total_max_attempts": 1}),
                **(keys or KEYS),
            )
            made.callback(client.close)
            return client

        yield make


def asks(
    turns: tuple[Turn, ...] = (Message(role="user", content="Grüße"),),
    model: str = DIALECT.model,
    **changes: Any,
) -> ModelRequest:
    return ModelRequest(model=model, messages=turns, **changes)


async def ours(
    server: ScriptedOpenAI, request: ModelRequest, *, stream: bool = False, **more: Any
) -> Completion:
    client = DIALECT.client(server.url)
    try:
        return await client.complete(request, on_text=(lambda _: None) if stream else None, **more)
    finally:
        await client.close()


async def theirs(client: Any, **asked: Any) -> Any:
    return await asyncio.to_thread(client.converse, **{"modelId": MODEL, **GREETING, **asked})


def streamed(client: Any, modelId: str = MODEL) -> list[dict[str, Any]]:  # noqa: N803
    with closing(client.converse_stream(modelId=modelId, **GREETING)["stream"]) as stream:
        return list(stream)
