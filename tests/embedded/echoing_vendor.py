"""A server that plays every vendor of models and gives away the key that it was called with, in
every place of an answer where a vendor could put it.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.embedded.loopback import JsonHandler, LoopbackServer, completion

KEY_HEADERS = ("Authorization", "x-api-key", "x-goog-api-key")
STATUSES = (400, 401, 403, 404, 429, 500, 529)
BEHAVIOURS = (
    "ok",
    *(f"status{status}" for status in STATUSES),
    "text",
    "broken",
    "wrong",
    "redirect",
    "babble",
    "hangup",
    "badstream",
    "cutstream",
)
"""What a model of that name does."""

_NAMED = re.compile(r"-does-([a-z0-9]+)")

SUCCESS: Mapping[str, Any] = {
    "chat/completions": completion("Hello.", "m"),
    "responses": {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "model": "m",
        "output": [
            {
                "type": "message",
                "id": "msg_1",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": "Hello.", "annotations": []}],
            }
        ],
        "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
    },
    "messages": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "Hello."}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    },
    ":generateContent": {
        "candidates": [
            {
                "content": {"role": "model", "parts": [{"text": "Hello."}]},
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
    },
    "/converse": {
        "output": {"message": {"role": "assistant", "content": [{"text": "Hello."}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
    },
}
"""By the end of the path."""


class EchoingVendor(LoopbackServer):
    """`seen` has every key that it was called with, and what was asked of the model then."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.seen: set[tuple[str, str]] = set()


class _Handler(JsonHandler):
    server: EchoingVendor
    key = ""

    def do_GET(self) -> None:  # noqa: N802 - the base class calls it so
        """The list of models. What a key is for is in its name."""
        self._act(self._asked(self._taken_key()))

    def post(self, body: Any) -> None:
        self._taken_key()
        self._act(self._asked(self.path + str(body.get("model"))))

    def _taken_key(self) -> str:
        sent = next((self.headers[name] for name in KEY_HEADERS if name in self.headers), "")
        self.key = sent.removeprefix("Bearer ")
        return self.key

    def _asked(self, text: str) -> str:
        named = _NAMED.search(text)
        asked = named[1] if named else "ok"
        self.server.seen.add((self.key, asked))
        return asked

    def _act(self, asked: str) -> None:
        if asked.startswith("status"):
            self.give(int(asked.removeprefix("status")), _error(self.key))
        else:
            _ACTS[asked](self)

    def give(self, status: int, body: Any, kind: str = "application/json") -> None:
        """Answer, with the key in the headers too."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"x-request-id": self.key, "x-amzn-errortype": self.key, "Retry-After": self.key}
        if status < 400:
            headers = {"x-request-id": self.key}
        sent = {"Content-Type": kind, "Content-Length": len(data), **headers}
        try:
            self.begin(status, sent)
            self.wfile.write(data)
        except OSError:
            self.close_connection = True

    def succeed(self) -> None:
        """Give an answer of the vendor that is asked."""
        path = self.path.partition("?")[0]
        found = (body for end, body in SUCCESS.items() if path.endswith(end))
        self.give(200, next(found, {"data": []}))

    def redirect(self) -> None:
        """Send whoever calls elsewhere."""
        self.begin(307, {"Location": f"http://127.0.0.1:1/{self.key}", "Content-Length": 0})

    def babble(self) -> None:
        """Say something that is not HTTP."""
        self.wfile.write(f"{self.key}\r\n{self.key}\r\n\r\n".encode())
        self.close_connection = True

    def hang_up(self) -> None:
        """Say nothing."""
        self.close_connection = True

    def stream(self, data: bytes, *, promised: int = 0) -> None:
        """Give a stream of events, of which more was promised."""
        kind = {"Content-Type": "text/event-stream", "Content-Length": len(data) + promised}
        self.begin(200, kind)
        self.wfile.write(data)
        self.close_connection = True


def _error(key: str) -> dict[str, Any]:
    """The key wherever an error of any vendor has room for it."""
    said = f"Incorrect API key provided: {key}. See https://vendor.example/?key={key}"
    error = {
        "message": said,
        "type": key,
        "code": key,
        "param": key,
        "status": key,
        "details": [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": key, "domain": key},
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": key, "description": said}],
            },
        ],
    }
    return {
        "error": error,
        "message": said,
        "__type": key,
        "type": key,
        "request_id": key,
        key: key,
    }


def _events(key: str) -> bytes:
    data = json.dumps({"type": "error", **_error(key)})
    return f"event: {key}\ndata: {key}\n\nevent: error\ndata: {data}\n\n".encode()


_ACTS: Mapping[str, Callable[[_Handler], None]] = {
    "ok": _Handler.succeed,
    "text": lambda self: self.give(200, f"<p>{self.key}</p>".encode(), "text/html"),
    "broken": lambda self: self.give(200, f'{{"{self.key}": "{self.key}'.encode()),
    "wrong": lambda self: self.give(200, {self.key: self.key, "choices": self.key}),
    "redirect": _Handler.redirect,
    "babble": _Handler.babble,
    "hangup": _Handler.hang_up,
    "badstream": lambda self: self.stream(_events(self.key)),
    "cutstream": lambda self: self.stream(f"data: {self.key}".encode(), promised=100),
}
