"""Calling a model's server over HTTP: what holds for every vendor's format, in odd cases."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from promptpilot.adapters.models.anthropic_messages.wire import AnthropicMessages
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.adapters.models.http.connections import Connections
from promptpilot.adapters.models.http.limits import MAX_ANSWER_BYTES
from promptpilot.domain.message import Message, ToolCall
from promptpilot.domain.model import ModelRequest
from promptpilot.step_errors import ContextTooLong, ModelUnavailable
from tests.contract.dialects.all_dialects import DIALECTS
from tests.contract.dialects.anthropic import AnthropicDialect, event
from tests.contract.dialects.dialect import Dialect, Said
from tests.contract.wire_rig import LONG, loop_clock
from tests.scripted_openai import (
    Behaviour,
    Received,
    ScriptedOpenAI,
    http,
    replies,
    sends,
    streams,
)

DIALECT = AnthropicDialect()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedOpenAI]:
    async with ScriptedOpenAI() as server:
        yield server


@pytest.fixture
async def client(server: ScriptedOpenAI) -> AsyncIterator[HttpModelClient]:
    client = client_of(DIALECT, server)
    yield client
    await client.close()


def client_of(dialect: Dialect, server: ScriptedOpenAI) -> HttpModelClient:
    return dialect.client(server.url.removesuffix("/v1"))


def ask(text: str = "Hello?", **fields: Any) -> ModelRequest:
    turns = (Message(role="user", content=text),)
    return ModelRequest(**{"model": DIALECT.model, "messages": turns, "timeout": LONG, **fields})


def stream_of(texts: Mapping[int, str], padding: str = "") -> bytes:
    """A stream in which pieces of text come at some places among many events that say nothing."""
    start, _, begin, *_, end = DIALECT.streamed(Said(), ("Hello.",))
    said = (
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": texts[place]})
        if place in texts
        else event("ping", padding=padding)
        for place in range(max(texts) + 1)
    )
    return b"".join((start, begin, *said, end))


ODD_NAMES = [
    "a/../../v1/other",
    "..",
    "a?key=1&x",
    "a#b",
    "a%2F..%2fb",
    "a:streamGenerateContent",
    "a\x00\x01\x7fb",
    "ünï😀",
    "\"'\\<>{}|^`",
]


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("vendor", sorted(DIALECTS))
async def test_an_odd_name_of_a_model_stays_the_name_of_a_model(
    server: ScriptedOpenAI, vendor: str, name: str
) -> None:
    dialect = DIALECTS[vendor]
    client = client_of(dialect, server)
    prefix = client._wire._prefix  # type: ignore[attr-defined]
    server.behave = replies(200, dialect.whole(Said()))
    await client.complete(ask(model=f"{prefix}{name}"))
    await client.close()
    (received,) = server.received
    assert dialect.asked(received).model == name
    assert received.target.isascii()
    assert received.target.isprintable()


@pytest.mark.parametrize(
    "behave",
    [
        sends(b"NOT HTTP\r\n\r\n"),
        sends(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"),
        sends(http(200, b"not gzip", headers={"Content-Encoding": "gzip"})),
        sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    ],
)
async def test_what_is_not_http_shows_the_key_to_nobody(
    server: ScriptedOpenAI, client: HttpModelClient, behave: Behaviour
) -> None:
    server.behave = behave
    with pytest.raises(ModelUnavailable) as raised:
        await client.complete(ask())
    shown: BaseException | None = raised.value
    while shown is not None:
        assert DIALECT.key not in f"{shown} {shown!r}"
        shown = shown.__cause__


async def test_a_large_request_goes_out_as_it_is(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    text = "0123456789" * 100_000
    server.behave = replies(200, DIALECT.whole(Said()))
    turns = (Message(role="user", content=text),) * 3
    await client.complete(ask(messages=turns))
    (received,) = server.received
    assert received.headers["content-type"] == "application/json"
    assert int(received.headers["content-length"]) == len(received.raw_body) > 3_000_000
    assert [said for _, said in DIALECT.asked(received).turns] == [text] * 3


async def test_an_answer_that_comes_before_the_request_is_read_counts() -> None:
    answered, done = asyncio.Event(), asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http(413, b"{}"))
        answered.set()
        await done.wait()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0, limit=1024)
    async with server:
        client = DIALECT.client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        turns = (Message(role="user", content="x" * 1_000_000),) * 20
        with pytest.raises(ContextTooLong):
            await client.complete(ask(messages=turns))
        assert answered.is_set()
        done.set()
        await client.close()


async def test_a_long_stream_is_read_whose_answer_is_not(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    stream = stream_of({0: "Hel", 9_999: "lo."}, padding="x" * 1_000)
    assert len(stream) > MAX_ANSWER_BYTES
    server.behave = streams(stream)
    told: list[str] = []
    completion = await client.complete(ask(), on_text=told.append)
    assert completion.text == "".join(told) == "Hello."


async def test_an_answer_that_unfolds_beyond_the_limit_is_given_up(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    bomb = gzip.compress(DIALECT.whole(Said(text="x" * 100_000_000)), 1)
    assert len(bomb) < MAX_ANSWER_BYTES
    server.behave = replies(200, bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(ModelUnavailable, match="far too much"):
        await client.complete(ask())


async def test_calls_that_come_whole_tell_no_empty_text(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    call = ToolCall(id="t1", name="time")
    server.behave = replies(
        200, DIALECT.whole(Said(text="", tool_calls=(call,), finish="tool_calls"))
    )
    told: list[str] = []
    completion = await client.complete(ask(), on_text=told.append)
    assert completion.tool_calls == (call,)
    assert told == []


async def test_an_answer_that_begins_just_in_time_is_in_time(
    server: ScriptedOpenAI, client: HttpModelClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, go_on, come = asyncio.Event(), asyncio.Event(), asyncio.Event()
    *frames, last = DIALECT.streamed(Said(), ("Hel", "lo."))

    async def late(received: Received, transport: asyncio.Transport) -> None:
        transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        await begin.wait()
        transport.write(b"".join(frames))
        await go_on.wait()
        transport.write(last)

    server.behave = late
    request = ask(timeout=500_000, first_token_timeout=100_000)
    with loop_clock(monkeypatch) as clock:
        call = asyncio.create_task(client.complete(request, on_text=lambda _: come.set()))
        await asyncio.wait_for(server.arrived.wait(), LONG)
        await clock.let_pass(99_950)
        begin.set()
        await asyncio.wait_for(come.wait(), LONG)
        await clock.let_pass(300_000)
        assert not call.done()
        go_on.set()
        assert (await call).text == "Hello."


async def test_a_closed_client_neither_asks_nor_looks(
    server: ScriptedOpenAI, client: HttpModelClient
) -> None:
    connections = Connections(server.url, name="x/")
    connection = await connections.here()
    await connections.close()
    with pytest.raises(ModelUnavailable, match="stopping"):
        await connection.get(server.url, {}, wire=client._wire)
    with pytest.raises(ModelUnavailable, match="stopping"):
        await connection.post(server.url, b"{}", {}, "x/y", wire=client._wire)
    with pytest.raises(ModelUnavailable, match="stopping"):
        await connections.here()
    assert not server.received


async def test_loops_may_come_and_go_while_connections_are_looked_up(
    server: ScriptedOpenAI,
) -> None:
    connections = Connections(server.url, name="x/")

    class Ended(asyncio.SelectorEventLoop):
        """Whoever asks whether it has ended finds that another thread has got here too."""

        def is_closed(self) -> bool:
            if not super().is_closed():
                return False
            connections._by_loop.pop(self, None)
            return True

    for _ in range(3):
        loop = Ended()
        loop.close()
        connections._by_loop[loop] = None  # type: ignore[assignment]
    await connections.here()
    assert list(connections._by_loop) == [asyncio.get_running_loop()]
    await connections.close()


def test_a_long_event_is_read_once_however_many_pieces_it_comes_in() -> None:
    text = "x" * 4_000_000
    told: list[str] = []
    reader = AnthropicMessages("anthropic/").reader(ask(), told.append)
    frames = b"".join(DIALECT.streamed(Said(text=text), (text,)))
    for place in range(0, len(frames), 100):
        reader.take(frames[place : place + 100])
    assert told == [text]
    assert reader.completion().text == text
