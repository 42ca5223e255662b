"""The OpenAI-compatible adapter against a server that fails in every way servers do."""

import asyncio
import gzip
import json
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import SecretStr

from promptpilot.adapters.models.chat_completions.wire import openai_compatible
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.clock import now
from promptpilot.domain.message import Message
from promptpilot.domain.model import ModelRequest
from promptpilot.step_errors import (
    ContextTooLong,
    ModelAuthFailed,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRejectedRequest,
    ModelTimeout,
    ModelUnavailable,
    ModelUnknown,
)
from tests.scripted_openai import (
    Behaviour,
    ScriptedOpenAI,
    chat_completion,
    floods,
    hangs,
    hangs_up,
    replies,
    resets_midway,
    says,
    sends,
    trickles,
)

KEY = "sk-canary-5f1e"
REQUEST = ModelRequest(
    model="custom/fake/some/model", messages=(Message(role="user", content="A secret prompt."),)
)


def error(**fields: Any) -> dict[str, Any]:
    return {"error": {"message": f"You sent A secret prompt. with {KEY}", **fields}}


@pytest.fixture
async def server() -> AsyncIterator[ScriptedOpenAI]:
    async with ScriptedOpenAI() as server:
        yield server


@pytest.fixture
async def client(server: ScriptedOpenAI) -> AsyncIterator[HttpModelClient]:
    client = openai_compatible(server.url, SecretStr(KEY), prefix="custom/fake/")
    yield client
    await client.close()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, error(code="invalid_value", param="messages[0].content"), ModelRejectedRequest),
        (400, error(code="context_length_exceeded"), ContextTooLong),
        (400, error(type="exceed_context_size_error", code=400), ContextTooLong),
        (400, error(message="This model's maximum context length is 9 tokens."), ContextTooLong),
        (400, error(code="content_filter"), ModelRefused),
        (400, b"not JSON at all", ModelRejectedRequest),
        (401, error(code="invalid_api_key"), ModelAuthFailed),
        (403, error(), ModelAuthFailed),
        (404, error(code="model_not_found"), ModelUnknown),
        (408, error(), ModelTimeout),
        (409, error(), ModelRejectedRequest),
        (422, [1, 2, 3], ModelRejectedRequest),
        (429, error(code="insufficient_quota"), ModelRateLimited),
        (500, error(), ModelUnavailable),
        (502, b"<html>Bad gateway</html>", ModelUnavailable),
        (503, error(), ModelOverloaded),
        (504, error(), ModelUnavailable),
        (529, error(), ModelOverloaded),
        (307, error(), ModelUnavailable),
    ],
)
async def test_a_status_becomes_an_error_of_ours_that_quotes_nobody(
    server: ScriptedOpenAI,
    client: HttpModelClient,
    status: int,
    body: Any,
    expected: type[ModelError],
) -> None:
    server.behave = replies(status, body, headers={"Location": server.url})
    with pytest.raises(ModelError) as raised:
        await client.complete(REQUEST)
    assert type(raised.value) is expected
    assert str(status) in raised.value.reason
    assert raised.value.__cause__ is not None
    for text in (str(raised.value), repr(raised.value), repr(raised.value.__cause__)):
        assert KEY not in text
        assert "secret" not in text
    assert len(server.received) == 1, "the call was repeated"


async def test_the_vendors_codes_are_told(server: ScriptedOpenAI, client: HttpModelClient) -> None:
    server.behave = replies(400, error(code="invalid_value", param="messages[0].content"))
    with pytest.raises(ModelRejectedRequest, match=r"invalid_value, messages\[0\].content"):
        await client.complete(REQUEST)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "17"}, 17.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "Tue, 24 Nov 2020 09:30:00 GMT"}, 0.0),
    ],
)
@pytest.mark.parametrize(("status", "kind"), [(429, ModelRateLimited), (503, ModelOverloaded)])
async def test_how_long_to_wait_is_told(
    server: ScriptedOpenAI,
    client: HttpModelClient,
    status: int,
    kind: type[ModelRateLimited | ModelOverloaded],
    headers: dict[str, str],
    seconds: float | None,
) -> None:
    server.behave = replies(status, {}, headers=headers)
    with pytest.raises(kind) as raised:
        await client.complete(REQUEST)
    assert raised.value.retry_after == seconds


async def test_a_date_to_wait_for_is_told_in_seconds(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    date = format_datetime(now() + timedelta(seconds=3600), usegmt=True)
    server.behave = replies(429, {}, headers={"Retry-After": date})
    with pytest.raises(ModelRateLimited) as raised:
        await client.complete(REQUEST)
    assert raised.value.retry_after is not None
    assert 3500 < raised.value.retry_after <= 3600


GOOD = json.dumps(chat_completion()).encode()
BOMB = gzip.compress(b" " * 40_000_000, compresslevel=1)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (replies(200, b"<html>Hello</html>", "text/html"), "not JSON"),
        (replies(200, GOOD, "text/plain"), "not JSON"),
        (replies(200, GOOD, None), "not JSON"),
        (replies(204, b""), "broken JSON"),
        (replies(200, b""), "broken JSON"),
        (replies(200, GOOD[: len(GOOD) // 2]), "broken JSON"),
        (replies(200, b'{"choices": "\xff"}'), "broken JSON"),
        (replies(200, b"[" * 100_000), "broken JSON"),
        (replies(200, []), "something else than a chat completion, at the top"),
        (replies(200, {}), "no choices"),
        (replies(200, chat_completion(choices=[])), "no choices"),
        (replies(200, chat_completion(choices=None)), "else than a chat completion, at choices"),
        (replies(200, chat_completion(choices=[{}])), "at choices.0.message"),
        (says(message={"content": 7}), "at choices.0.message.content"),
        (says(message={"content": ["text"]}), "at choices.0.message.content"),
        (says(None), "without any text"),
        (replies(200, error()), "an error in place of a completion"),
        (hangs_up, "closed the connection"),
        (resets_midway, "closed the connection"),
        (floods, "far too much"),
        (replies(200, BOMB, headers={"Content-Encoding": "gzip"}), "far too much"),
        (sends(b"220 mail.example.com ESMTP\r\n\r\n"), "not HTTP"),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), "not HTTP"),
        (
            replies(200, b"not gzip", headers={"Content-Encoding": "gzip"}),
            "closed the connection",
        ),
    ],
)
async def test_what_is_no_answer_is_refused_with_a_reason(
    server: ScriptedOpenAI, client: HttpModelClient, behaviour: Behaviour, reason: str
) -> None:
    server.behave = behaviour
    with pytest.raises(ModelUnavailable) as raised:
        await asyncio.wait_for(client.complete(REQUEST), 30)
    assert reason in raised.value.reason


@pytest.mark.parametrize(
    "behaviour",
    [
        says(None, message={"refusal": "I would rather not."}),
        says("Half an ans", choice={"finish_reason": "content_filter"}),
    ],
)
async def test_a_model_that_declines_has_refused(
    server: ScriptedOpenAI, client: HttpModelClient, behaviour: Behaviour
) -> None:
    server.behave = behaviour
    with pytest.raises(ModelRefused) as raised:
        await client.complete(REQUEST)
    assert "rather not" not in raised.value.reason


@pytest.mark.parametrize("behaviour", [hangs, trickles])
async def test_a_slow_server_is_given_up_and_left(
    server: ScriptedOpenAI, client: HttpModelClient, behaviour: Behaviour
) -> None:
    server.behave = behaviour
    with pytest.raises(ModelTimeout, match=r"0\.1 seconds"):
        await asyncio.wait_for(client.complete(REQUEST.model_copy(update={"timeout": 0.1})), 30)
    if server.received:  # importing the SDK may have taken all of the time
        await asyncio.wait_for(server.received[0].disconnected.wait(), 30)


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))  # bound, so that nobody else gets it; never listening
        url = f"http://127.0.0.1:{placeholder.getsockname()[1]}/v1"
        client = openai_compatible(url, SecretStr(KEY), prefix="custom/fake/")
        with pytest.raises(ModelUnavailable, match="cannot be connected to"):
            await client.complete(REQUEST)
        await client.close()
