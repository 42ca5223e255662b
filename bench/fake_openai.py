"""An OpenAI-compatible server on loopback that answers at once, or after the latency in its path.

`POST /l200/v1/chat/completions` answers after 200 ms. The answer is made from
the digest of the messages, so that a wrong request shows. It serves thousands of calls a second:
what is measured is the caller.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import httptools
import uvloop

WORDS = "one two three four five six seven eight"
LATENCY = re.compile(rb"^/l(\d+)/v1/")

Answer = Callable[[bytes, bytes], tuple[int, bytes]]
"""Path and body of a request -> status and JSON of its answer."""


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests on it are answered one after another."""

    def __init__(self, loop: asyncio.AbstractEventLoop, answer: Answer) -> None:
        self._loop = loop
        self._answer = answer
        self._parser = httptools.HttpRequestParser(self)
        self._path = b""
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        self._path, self._body = b"", []

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        status, answer = self._answer(self._path, b"".join(self._body))
        latency = LATENCY.match(self._path)
        delay_ms = int(latency[1]) if latency and status == 200 else 0
        if delay_ms:
            self._loop.call_later(delay_ms / 1000, self._send, status, answer)
        else:
            self._send(status, answer)

    def _send(self, status: int, body: bytes) -> None:
        if self._transport.is_closing():
            return
        head = b"HTTP/1.1 %d -\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self._transport.write(head % (status, len(body)) + body)


def _answer(path: bytes, body: bytes) -> tuple[int, bytes]:
    status, answer = _told(path, body)
    return status, json.dumps(answer, separators=(",", ":")).encode()


def _told(path: bytes, body: bytes) -> tuple[int, dict[str, Any]]:
    if path.endswith(b"/models"):
        return 200, {"object": "list", "data": [{"id": "echo", "object": "model"}]}
    if not path.endswith(b"/chat/completions"):
        return 404, {"error": {"message": "no such path", "type": "invalid_request_error"}}
    try:
        return 200, _completion(json.loads(body))
    except (ValueError, KeyError, TypeError) as error:
        return 400, {"error": {"message": repr(error), "type": "invalid_request_error"}}


def _completion(request: dict[str, Any]) -> dict[str, Any]:
    text = "\n".join(str(each["content"]) for each in request["messages"])
    answer = f"r:{hashlib.sha256(text.encode()).hexdigest()[:16]} {WORDS}"
    asked, told = len(text.split()), len(answer.split())
    usage = {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told}
    message = {"role": "assistant", "content": answer, "refusal": None}
    choice = {"index": 0, "finish_reason": "stop", "logprobs": None, "message": message}
    return {
        "id": f"chatcmpl-{answer[2:18]}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": request.get("model", "echo"),
        "choices": [choice],
        "usage": usage,
    }


async def main() -> None:
    """Listen on a free port of the loopback interface, and say which."""
    loop = asyncio.get_running_loop()
    made = partial(Connection, loop, _answer)
    server = await loop.create_server(made, "127.0.0.1", 0, backlog=2048)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
