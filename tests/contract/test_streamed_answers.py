"""Answers of an OpenAI-compatible server that are streamed, well and badly."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from promptpilot.adapters.models.chat_completions.wire import openai_compatible
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.domain.message import Message
from promptpilot.domain.model import ModelRequest, Usage
from promptpilot.step_errors import (
    ContextTooLong,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRejectedRequest,
    ModelTimeout,
    ModelUnavailable,
)
from tests.scripted_openai import (
    LAST_CHUNKS,
    Behaviour,
    Received,
    ScriptedOpenAI,
    chunk,
    events,
    replies,
    says,
    streams,
)

REQUEST = ModelRequest(
    model="custom/fake/m", messages=(Message(role="user", content="A secret prompt."),)
)
HELLO = events(chunk(""), chunk("Hel"), chunk("lo. 日本"), *LAST_CHUNKS)
TEXT = "Hello. 日本"


@pytest.fixture
async def server() -> AsyncIterator[ScriptedOpenAI]:
    async with ScriptedOpenAI() as server:
        yield server


@pytest.fixture
async def client(server: ScriptedOpenAI) -> AsyncIterator[HttpModelClient]:
    client = openai_compatible(server.url, SecretStr("key"), prefix="custom/fake/")
    yield client
    await client.close()


async def test_an_answer_is_told_as_it_comes(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    come, go_on = asyncio.Event(), asyncio.Event()

    async def halts(received: Received, transport: asyncio.Transport) -> None:
        await streams(events(chunk("Hello.")), end=False)(received, _Unclosed(transport))
        await go_on.wait()
        rest = events(*LAST_CHUNKS)
        transport.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(rest), rest))

    server.behave = halts
    call = asyncio.create_task(client.complete(REQUEST, on_text=lambda _: come.set()))
    await asyncio.wait_for(come.wait(), 30)
    assert not call.done()
    go_on.set()
    completion = await call

    assert completion.text == "Hello."
    assert completion.model == "custom/fake/served-model"
    assert completion.finish_reason == "stop"
    assert completion.usage == Usage(input_tokens=12, output_tokens=3)
    assert completion.time_to_first_token_ms is not None
    assert server.received[0].body["stream"] is True
    assert server.received[0].body["stream_options"] == {"include_usage": True}


class _Unclosed(asyncio.Transport):
    """A transport that its user may close without ending the connection."""

    def __init__(self, inner: asyncio.Transport) -> None:
        self.write = inner.write  # type: ignore[method-assign]

    def close(self) -> None: ...


@pytest.mark.parametrize(
    "pieces",
    [
        (HELLO,),
        tuple(bytes([each]) for each in HELLO),
        (HELLO.replace(b"\n", b"\r\n"),),
        tuple(bytes([each]) for each in HELLO.replace(b"\n", b"\r\n")),
        (HELLO.replace(b"\n", b"\r"),),
        (b"\xef\xbb\xbf: hello\n\nevent: x\nid: 1\nretry\n" + HELLO,),
        (HELLO.replace(b'"choices"', b'\ndata:"choices"'),),
        (HELLO.replace(b"data: [DONE]\n\n", b""),),
        (HELLO, b"data: after the end\n\n"),
    ],
    ids=[
        *("whole", "byte by byte", "CR LF", "CR LF byte by byte", "CR", "comments and fields"),
        *("many lines of data", "no mark of the end", "more after the end"),
    ],
)
async def test_an_answer_is_the_same_however_it_is_sent(
    server: ScriptedOpenAI, client: HttpModelClient, pieces: tuple[bytes, ...]
) -> None:
    server.behave = streams(*pieces)
    told: list[str] = []
    completion = await client.complete(REQUEST, on_text=told.append)
    assert completion.text == "".join(told) == TEXT
    assert completion.usage == Usage(input_tokens=12, output_tokens=3)


async def test_the_connection_of_a_stream_is_not_used_again(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    async def whole(_: Received, transport: asyncio.Transport) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        transport.write(head + b"Content-Length: %d\r\n\r\n" % len(HELLO) + HELLO)

    server.behave = whole
    for _ in range(3):
        await client.complete(REQUEST, on_text=lambda _: None)
    assert server.connections == 3


async def test_a_server_that_sends_the_answer_whole_is_taken_at_its_word(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    told: list[str] = []
    completion = await client.complete(REQUEST, on_text=told.append)
    assert told == [completion.text] == ["Hello."]


@pytest.mark.parametrize(
    "refusal",
    [
        {"error": {"message": "no", "param": "stream"}},
        {"error": {"message": "Streaming is not supported.", "code": "unsupported"}},
        {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs"}]},
    ],
)
async def test_a_server_that_refuses_to_stream_is_asked_again_without(
    server: ScriptedOpenAI, client: HttpModelClient, refusal: Any
) -> None:
    async def refuses(received: Received, transport: asyncio.Transport) -> None:
        streamed = "stream" in received.body
        behave = replies(400, refusal) if streamed else says("Hello.")
        await behave(received, transport)

    server.behave = refuses
    told: list[str] = []
    completion = await client.complete(REQUEST, on_text=told.append)
    assert told == [completion.text] == ["Hello."]
    assert len(server.received) == 2


async def test_a_request_that_is_refused_for_another_reason_is_not_repeated(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    server.behave = replies(400, {"error": {"message": "bad", "param": "top_p"}})
    with pytest.raises(ModelRejectedRequest):
        await client.complete(REQUEST, on_text=lambda _: None)
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("behaviour", "expected", "reason"),
    [
        (streams(events(chunk("Hel")), end=False), ModelUnavailable, "closed the connection"),
        (streams(events(chunk("Hel"))), ModelUnavailable, "closed the connection"),
        (streams(), ModelUnavailable, "closed the connection"),
        (streams(b"data: {broken\n\n"), ModelUnavailable, "no chat completion"),
        (streams(b"data: [1]\n\n"), ModelUnavailable, "no chat completion"),
        (streams(events({"choices": [{"delta": 7}]})), ModelUnavailable, "no chat completion"),
        (streams(events(chunk("Hel"), {"error": "secret"})), ModelUnavailable, "broke its answer"),
        (
            streams(events(chunk("Hel"), {"error": {"message": "secret", "code": "oh_no"}})),
            ModelUnavailable,
            "oh_no",
        ),
        (
            streams(events({"error": {"code": "rate_limit_exceeded"}})),
            ModelRateLimited,
            "rate_limit",
        ),
        (streams(events({"error": {"type": "overloaded_error"}})), ModelOverloaded, "overloaded"),
        (
            streams(events({"error": {"code": "context_length_exceeded"}})),
            ContextTooLong,
            "context_length",
        ),
        (streams(events(chunk(delta={"refusal": "I would rather not."}))), ModelRefused, ""),
        (streams(events(chunk(choice={"finish_reason": "content_filter"}))), ModelRefused, ""),
        (streams(*[events(chunk("x" * 1_000_000))] * 9), ModelUnavailable, "far too much"),
        (replies(503, {}), ModelOverloaded, "503"),
    ],
)
async def test_a_stream_that_goes_wrong_is_an_error_that_quotes_nobody(
    server: ScriptedOpenAI,
    client: HttpModelClient,
    behaviour: Behaviour,
    expected: type[ModelError],
    reason: str,
) -> None:
    server.behave = behaviour
    with pytest.raises(ModelError) as raised:
        await asyncio.wait_for(client.complete(REQUEST, on_text=lambda _: None), 30)
    assert type(raised.value) is expected
    assert reason in raised.value.reason
    assert "secret" not in str(raised.value)
    assert "rather not" not in str(raised.value)


async def test_a_stream_that_stands_still_is_given_up_and_left(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    async def stands(received: Received, transport: asyncio.Transport) -> None:
        await streams(events(chunk("Hel")), end=False)(received, _Unclosed(transport))
        await received.disconnected.wait()

    server.behave = stands
    with pytest.raises(ModelTimeout):
        await client.complete(REQUEST.model_copy(update={"timeout": 0.3}), on_text=lambda _: None)
    await asyncio.wait_for(server.received[0].disconnected.wait(), 30)


async def test_an_answer_counts_though_the_connection_is_broken_off_after_its_end(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    server.behave = streams(HELLO, end=False)
    completion = await asyncio.wait_for(client.complete(REQUEST, on_text=lambda _: None), 30)
    assert completion.text == TEXT


async def test_an_answer_counts_though_the_connection_stays_open_after_its_end(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    async def stays(received: Received, transport: asyncio.Transport) -> None:
        await streams(HELLO, end=False)(received, _Unclosed(transport))
        await received.disconnected.wait()

    server.behave = stays
    completion = await asyncio.wait_for(client.complete(REQUEST, on_text=lambda _: None), 30)
    assert completion.text == TEXT


async def test_without_a_listener_nothing_is_streamed(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    await client.complete(REQUEST)
    assert "stream" not in json.loads(server.received[0].raw_body)
