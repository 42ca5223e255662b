"""What the OpenAI-compatible adapter sends and keeps, against a real server."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from promptpilot.adapters.models.chat_completions.wire import openai_compatible
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.domain.message import Message
from promptpilot.domain.model import ModelRequest, Settings, Usage
from promptpilot.errors import Invalid
from promptpilot.step_errors import ModelAuthFailed, ModelUnavailable
from tests.scripted_openai import (
    ScriptedOpenAI,
    chat_completion,
    replies,
    says,
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
    ("usage", "expected"),
    [
        (None, None),
        ({}, None),
        ("many", None),
        ({"prompt_tokens": 5}, None),
        ({"prompt_tokens": -5, "completion_tokens": 1}, None),
        ({"prompt_tokens": 5.5, "completion_tokens": True}, None),
        ({"prompt_tokens": 5, "completion_tokens": 1}, Usage(input_tokens=5, output_tokens=1)),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 2},
            },
            Usage(input_tokens=5, cached_tokens=4, output_tokens=3, reasoning_tokens=2),
        ),
    ],
)
async def test_usage_is_taken_where_it_is_sound(
    server: ScriptedOpenAI, client: HttpModelClient, usage: Any, expected: Usage | None
) -> None:
    server.behave = says(usage=usage)
    assert (await client.complete(REQUEST)).usage == expected


async def test_the_served_model_is_named_as_ours_are(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    assert (await client.complete(REQUEST)).model == "custom/fake/served-model"
    server.behave = says(model=None)
    assert (await client.complete(REQUEST)).model == "custom/fake/some/model"


async def test_a_compressed_answer_is_read(server: ScriptedOpenAI, client: HttpModelClient) -> None:
    server.behave = replies(
        200,
        gzip.compress(json.dumps(chat_completion()).encode()),
        headers={"Content-Encoding": "gzip"},
    )
    assert (await client.complete(REQUEST)).text == "Hello."


async def test_only_settings_that_are_set_are_sent(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    await client.complete(REQUEST)
    assert server.received[0].target == "/v1/chat/completions"
    assert server.received[0].body == {
        "model": "some/model",
        "messages": [{"role": "user", "content": "A secret prompt."}],
    }


async def test_settings_and_schema_are_sent_in_the_servers_words(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    settings = Settings(temperature=0.0, top_p=0.5, max_tokens=9, stop=("\n", "END"), seed=0)
    schema = {"type": "object", "properties": {"mood": {"type": "string"}}}
    await client.complete(
        REQUEST.model_copy(update={"settings": settings, "output_schema": schema})
    )
    body = server.received[0].body
    assert body["temperature"] == 0.0
    assert body["top_p"] == 0.5
    assert body["max_tokens"] == 9
    assert body["stop"] == ["\n", "END"]
    assert body["seed"] == 0
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "output", "schema": schema},
    }


async def test_the_environment_of_openais_own_service_goes_to_no_other_server(
    server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "env-key")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "env-admin-key")
    monkeypatch.setenv("OPENAI_ORG_ID", "env-organisation")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "env-project")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Own: env-header")
    for key in ("", KEY):
        client = openai_compatible(server.url, SecretStr(key), prefix="custom/fake/")
        await client.complete(REQUEST)
        await client.close()
    without, with_key = (received.headers for received in server.received)
    assert "authorization" not in without
    assert with_key["authorization"] == f"Bearer {KEY}"
    assert not [value for value in with_key.values() if "env-" in value]


async def test_connections_are_kept_for_the_next_call(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    for _ in range(5):
        await client.complete(REQUEST)
    assert server.connections == 1


async def test_cookies_are_not_kept(server: ScriptedOpenAI, client: HttpModelClient) -> None:
    server.behave = replies(200, chat_completion(), headers={"Set-Cookie": "session=1; Path=/"})
    await client.complete(REQUEST)
    await client.complete(REQUEST)
    assert "cookie" not in server.received[1].headers


async def test_the_key_is_in_no_log_and_no_repr(
    server: ScriptedOpenAI, client: HttpModelClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await client.complete(REQUEST)
    server.behave = replies(401, error())
    with pytest.raises(ModelAuthFailed) as raised:
        await client.complete(REQUEST)
    logging.getLogger("test").error("failed", exc_info=raised.value)
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"
    for text in (caplog.text, repr(client), repr(vars(client))):
        assert KEY not in text
        assert "secret prompt" not in text


@pytest.mark.parametrize("key", ["kéy", "two\nlines", "nul\x00"])
async def test_a_key_that_no_header_can_carry_is_refused(server: ScriptedOpenAI, key: str) -> None:
    client = openai_compatible(server.url, SecretStr(key), prefix="custom/fake/")
    with pytest.raises(ModelAuthFailed) as raised:
        await client.complete(REQUEST)
    assert key not in raised.value.reason
    assert not server.received


@pytest.mark.parametrize(
    "url", ["http://user:word@127.0.0.1/v1", "http://127.0.0.1/v1?a=b", "http://127.0.0.1/v1#a"]
)
def test_an_address_that_no_path_can_be_added_to_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="custom/fake/") as raised:
        openai_compatible(url, SecretStr(""), prefix="custom/fake/")
    assert "word" not in str(raised.value)


async def test_each_event_loop_has_its_own_connections_and_all_are_closed(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    await client.complete(REQUEST)
    opened, go_on = asyncio.Event(), asyncio.Event()
    here = asyncio.get_running_loop()

    def elsewhere() -> None:
        async def call() -> None:
            await client.complete(REQUEST)
            here.call_soon_threadsafe(opened.set)
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(go_on.wait(), here))

        asyncio.run(call())

    other = asyncio.create_task(asyncio.to_thread(elsewhere))
    await asyncio.wait_for(opened.wait(), 30)
    assert server.connections == 2
    await client.close()
    async with asyncio.timeout(30):
        for received in server.received:
            await received.disconnected.wait()
    go_on.set()
    await other
    with pytest.raises(ModelUnavailable, match="stopping"):
        await client.complete(REQUEST)


async def test_connections_of_an_event_loop_that_stands_still_are_closed_too(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    other = asyncio.new_event_loop()
    await asyncio.to_thread(other.run_until_complete, client.complete(REQUEST))
    await client.close()
    await asyncio.wait_for(server.received[0].disconnected.wait(), 30)
    other.close()


async def test_a_proxy_of_the_environment_is_used_but_never_for_this_machine(
    server: ScriptedOpenAI, client: HttpModelClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url.removesuffix("/v1"))
    far = openai_compatible("http://models.example/v1", SecretStr(KEY), prefix="custom/fake/")
    await far.complete(REQUEST)
    await far.close()
    await client.complete(REQUEST)
    assert [received.target for received in server.received] == [
        "http://models.example/v1/chat/completions",
        "/v1/chat/completions",
    ]
