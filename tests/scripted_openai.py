"""A real HTTP server on loopback that says what it is told to, well or badly: bytes of any vendor's
(`tests/contract/dialects`), or Chat Completions, for which there are words here.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

USAGE = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}


@dataclass
class Received:
    """One request; `disconnected` is set when its connection is gone."""

    target: str
    headers: Mapping[str, str]
    raw_body: bytes
    disconnected: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def body(self) -> Any:
        return json.loads(self.raw_body)


Behaviour = Callable[[Received, asyncio.Transport], Awaitable[None]]


def http(
    status: int,
    body: bytes,
    content_type: str | None = "application/json",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """An HTTP response as bytes."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chat_completion(content: str | None = "Hello.", **changes: Any) -> dict[str, Any]:
    """A chat completion; `changes` replace its top-level fields, `message` the message's."""
    message = {"role": "assistant", "content": content, **changes.pop("message", {})}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    choice |= changes.pop("choice", {})
    completion = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "served-model",
        "choices": [choice],
        "usage": USAGE,
    }
    return completion | changes


def replies(
    status: int,
    body: Any,
    content_type: str | None = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Behaviour:
    """Answer with `body`, which is JSON unless it is bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return sends(http(status, data, content_type, headers))


def says(content: str | None = "Hello.", **changes: Any) -> Behaviour:
    """Answer with a chat completion."""
    return replies(200, chat_completion(content, **changes))


def sends(data: bytes) -> Behaviour:
    """Send these bytes, be they HTTP or not."""

    async def behave(received: Received, transport: asyncio.Transport) -> None:
        transport.write(data)

    return behave


def chunk(content: str | None = None, **changes: Any) -> dict[str, Any]:
    """One piece of a chat completion that is streamed; `choice` and `delta` add to those."""
    delta = {"content": content, **changes.pop("delta", {})}
    choice = {"index": 0, "delta": delta, "finish_reason": None, **changes.pop("choice", {})}
    return {"object": "chat.completion.chunk", "model": "served-model", "choices": [choice]} | (
        changes
    )


LAST_CHUNKS = (
    chunk(choice={"finish_reason": "stop"}),
    {"choices": [], "model": "served-model", "usage": USAGE},
    "[DONE]",
)


def events(*data: Any) -> bytes:
    """Server-sent events with these data, which are JSON unless they are texts."""
    texts = (each if isinstance(each, str) else json.dumps(each) for each in data)
    return "".join(f"data: {text}\n\n" for text in texts).encode()


def streams(
    *pieces: bytes, end: bool = True, content_type: str = "text/event-stream; charset=utf-8"
) -> Behaviour:
    """Answer with a stream of events, in pieces of a chunked body; without `end` cut it off."""

    async def behave(received: Received, transport: asyncio.Transport) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n"
        transport.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        for piece in pieces:
            transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await asyncio.sleep(0)
        if end:
            transport.write(b"0\r\n\r\n")
        else:
            transport.close()

    return behave


async def echoes(received: Received, transport: asyncio.Transport) -> None:
    """Answer with the last message's text."""
    text = received.body["messages"][-1]["content"]
    transport.write(http(200, json.dumps(chat_completion(text)).encode()))


async def hangs(received: Received, transport: asyncio.Transport) -> None:
    """Never answer."""
    await received.disconnected.wait()


async def hangs_up(received: Received, transport: asyncio.Transport) -> None:
    """Close the connection without a word."""
    transport.close()


async def resets_midway(received: Received, transport: asyncio.Transport) -> None:
    """Send half an answer, then reset the connection."""
    data = http(200, json.dumps(chat_completion("x" * 1000)).encode())
    transport.write(data[: len(data) // 2])
    transport.abort()


async def trickles(received: Received, transport: asyncio.Transport) -> None:
    """Send an answer's header and then one byte after another, for ever."""
    transport.write(http(200, b"")[:-4].replace(b"Length: 0", b"Length: 1000000") + b"\r\n\r\n")
    while not received.disconnected.is_set():
        transport.write(b" ")
        await asyncio.sleep(0.005)


async def floods(received: Received, transport: asyncio.Transport) -> None:
    """Send a body without an end, as fast as it is taken."""
    transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not received.disconnected.is_set():
        if transport.get_write_buffer_size() < 1_000_000:
            transport.write(b" " * 1_000_000)
        await asyncio.sleep(0)


class ScriptedOpenAI:
    """`behave` says how the next requests are answered; `received` keeps them all."""

    def __init__(self, behave: Behaviour | None = None) -> None:
        self.behave: Behaviour = behave or says()
        self.received: list[Received] = []
        self.arrived = asyncio.Event()
        self.connections = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.transports: set[asyncio.BaseTransport] = set()
        self._server: asyncio.Server | None = None

    @property
    def root(self) -> str:
        """Where the server is; it answers at every path."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self.tasks:
            task.cancel()
        for transport in self.transports:
            transport.close()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self._server.wait_closed()


class _Connection(asyncio.Protocol):
    def __init__(self, server: ScriptedOpenAI) -> None:
        self._server = server
        self._buffer = b""
        self._current: Received | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections += 1
        self._server.transports.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._server.transports.discard(self._transport)
        if self._current is not None:
            self._current.disconnected.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        request_line, *lines = head.decode().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (each.partition(": ") for each in lines)
        }
        length = int(headers.get("content-length", "0"))
        if not separator or len(rest) < length:
            return
        self._buffer = rest[length:]
        self._current = Received(request_line.split(" ")[1], headers, rest[:length])
        self._server.received.append(self._current)
        self._server.arrived.set()
        behaving = self._server.behave(self._current, self._transport)
        task = asyncio.ensure_future(behaving)
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)
