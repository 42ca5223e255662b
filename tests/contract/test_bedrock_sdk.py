"""What we ask of Bedrock against what AWS's own SDK asks: the same bodies, paths and signatures."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.credentials import Credentials
from pydantic import SecretStr

from promptpilot.adapters.models.bedrock.signing import sigv4
from promptpilot.adapters.models.bedrock.wire import BedrockConverse, bedrock_url, bedrock_with_key
from promptpilot.adapters.models.http.wire import Call
from tests.contract.bedrock_sdk import (
    DIALECT,
    KEYS,
    SECRET,
    Sdk,
    asks,
    ours,
    sdk_clients,
    streamed,
    theirs,
)
from tests.contract.converse_requests import ATTACHED, REQUESTS
from tests.contract.dialects.bedrock import REGION
from tests.contract.dialects.dialect import Said
from tests.scripted_openai import Received, ScriptedOpenAI, http, sends


@pytest.fixture
async def server() -> AsyncIterator[ScriptedOpenAI]:
    async with ScriptedOpenAI(sends(http(200, DIALECT.whole(Said())))) as server:
        yield server


@pytest.fixture
def sdk() -> Iterator[Sdk]:
    with sdk_clients() as make:
        yield make


@pytest.mark.parametrize("what", REQUESTS)
async def test_the_sdk_sends_what_we_send(server: ScriptedOpenAI, sdk: Sdk, what: str) -> None:
    request, asked = REQUESTS[what]

    await ours(server, request, attachments=ATTACHED)
    await theirs(sdk(server.url), **asked)

    our, their = server.received
    assert in_words(our) == in_words(their)
    assert our.target == their.target
    assert our.headers["content-type"] == their.headers["content-type"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "model",
    [
        "amazon.nova-micro-v1:0",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/a1b2c3",
        "arn:aws:bedrock:us-east-1:123456789012:custom-model/a.b~c/0123 456789_é+%3A",
    ],
)
async def test_a_model_is_in_the_path_as_the_sdk_puts_it(
    server: ScriptedOpenAI, sdk: Sdk, model: str, *, stream: bool
) -> None:
    if stream:
        frames = b"".join(DIALECT.streamed(Said(), ("Hello.",)))
        server.behave = sends(http(200, frames, DIALECT.stream_type))

    if " " not in model:  # which our names of models do not have
        await ours(server, asks(model=f"bedrock/{model}"), stream=stream)
    if stream:
        await asyncio.to_thread(streamed, sdk(server.url), modelId=model)
    else:
        await theirs(sdk(server.url), modelId=model)

    assert len({each.target for each in server.received}) == 1
    wire = BedrockConverse("bedrock/")
    request = asks().model_copy(update={"model": f"bedrock/{model}"})
    assert f"/v1/{wire.call(request, {}, stream=stream).path}" == server.received[0].target


@pytest.mark.parametrize("token", [None, "canary-session-token"])
async def test_our_signature_of_a_request_is_the_sdks(
    server: ScriptedOpenAI, sdk: Sdk, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: moment)
    await theirs(sdk(server.url, **KEYS, **({"aws_session_token": token} if token else {})))
    (their,) = server.received

    path = their.target.removeprefix("/v1/")
    call = Call(path, their.raw_body, {"Accept": "x", "Content-Type": "application/json"})
    authorize = sigv4(lambda: Credentials(DIALECT.key, SECRET, token), REGION)
    headers = await authorize(f"{server.url}/{path}", call)

    told = {name.lower(): value for name, value in headers.items()}
    assert told["authorization"] == their.headers["authorization"]
    assert told["x-amz-date"] == their.headers["x-amz-date"] == "20260304T050607Z"
    assert told.get("x-amz-security-token") == their.headers.get("x-amz-security-token") == token


async def test_a_bedrock_key_is_presented_as_the_sdk_presents_it(
    server: ScriptedOpenAI, sdk: Sdk, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "bedrock-api-key-canary"
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", key)
    sent: list[str] = []

    def look(request: Any, **_: Any) -> None:
        sent.append(request.headers["Authorization"].decode())
        raise _Seen

    client = sdk("https://localhost")  # by plain HTTP the SDK does not tell a key
    client.meta.events.register("before-send", look)
    with pytest.raises(_Seen):
        await theirs(client)
    ours_with_key = bedrock_with_key(REGION, SecretStr(key), endpoint=server.url)
    await ours_with_key.complete(asks())
    await ours_with_key.close()

    (our,) = server.received
    assert [our.headers["authorization"]] == sent == [f"Bearer {key}"]


class _Seen(Exception):
    pass


@pytest.mark.parametrize(
    "region", ["us-east-1", "eu-central-1", "us-gov-west-1", "eusc-de-east-1", "cn-north-1"]
)
def test_bedrock_is_where_the_sdk_looks_for_it(sdk: Sdk, region: str) -> None:
    assert bedrock_url(region) == sdk(None, region).meta.endpoint_url


def in_words(received: Received) -> Any:
    """A body by its meaning: the schema within it is JSON in a text."""
    body = received.body
    if "textFormat" in body.get("outputConfig", {}):
        schema = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
        schema["schema"] = json.loads(schema["schema"])
    return body
