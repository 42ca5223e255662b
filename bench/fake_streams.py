"""An OpenAI-compatible server on loopback that streams every answer slowly.

`POST /s10p20/v1/chat/completions` streams 20 pieces over 10 s. `GET /` tells how many streams have
been under way at the same time, at most, and how many have ended since somebody last asked.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import httptools
import uvloop

WAY = re.compile(rb"^/s(\d+)p(\d+)/")
PIECE = "Both branches want to go on with the pilot next year. "
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
    b"transfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n"
)


def _chunk(choices: list[dict[str, Any]], **more: Any) -> bytes:
    told = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "echo"}
    return _framed(f"data: {json.dumps({**told, 'choices': choices, **more})}\n\n".encode())


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


PIECES = _chunk([{"index": 0, "delta": {"content": PIECE}, "finish_reason": None}])
LAST = (
    _chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}])
    + _chunk([], usage={"prompt_tokens": 100, "completion_tokens": 200, "total_tokens": 300})
    + _framed(b"data: [DONE]\n\n")
    + b"0\r\n\r\n"
)


class Count:
    """How many streams there are, the most that there were, and how many have ended."""

    def __init__(self) -> None:
        self.now = self.most = self.ended = 0

    def begin(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)

    def end(self) -> None:
        self.now -= 1
        self.ended += 1

    def told(self) -> dict[str, int]:
        """What is known; it begins anew."""
        told = {"most": self.most, "ended": self.ended}
        self.most, self.ended = self.now, 0
        return told


class Connection(asyncio.Protocol):
    """One connection, with one stream after another."""

    def __init__(self, loop: asyncio.AbstractEventLoop, count: Count) -> None:
        self._loop = loop
        self._count = count
        self._parser = httptools.HttpRequestParser(self)
        self._path = b""
        self._streams = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._stop()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._path = b""

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_message_complete(self) -> None:
        way = WAY.match(self._path)
        if way is None:
            body = json.dumps(self._count.told()).encode()
            head = b"HTTP/1.1 200 -\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            self._transport.write(head % len(body) + body)
            return
        seconds, pieces = int(way[1]), int(way[2])
        self._streams = True
        self._count.begin()
        self._transport.write(HEAD)
        self._go_on(iter(range(pieces)), seconds / pieces)

    def _go_on(self, left: Iterator[int], pause: float) -> None:
        if not self._streams:
            return
        if next(left, None) is None:
            self._transport.write(LAST)
            self._stop()
            return
        self._transport.write(PIECES)
        self._loop.call_later(pause, self._go_on, left, pause)

    def _stop(self) -> None:
        if self._streams:
            self._streams = False
            self._count.end()


async def main() -> None:
    """Listen on a free port of the loopback interface, and say which."""
    loop = asyncio.get_running_loop()
    made = partial(Connection, loop, Count())
    server = await loop.create_server(made, "127.0.0.1", 0, backlog=2048)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
