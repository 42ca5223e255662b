"""What the servers on loopback have in common that a real `promptpilot serve` calls."""

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


class LoopbackServer(ThreadingHTTPServer):
    """Serves while it is entered."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._thread = Thread(target=self.serve_forever)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        """The base URL of a model server."""
        return f"http://{self.host}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class JsonHandler(BaseHTTPRequestHandler):
    """Reads JSON and answers JSON; whoever asked may have been killed meanwhile."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.post(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def post(self, body: Any) -> None:
        raise NotImplementedError

    def answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        try:
            self.begin(status, {"Content-Type": "application/json", "Content-Length": len(data)})
            self.wfile.write(data)
        except OSError:
            self.close_connection = True

    def begin(self, status: int, headers: Mapping[str, object]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def completion(text: str, model: str) -> dict[str, Any]:
    """A model's answer, as an OpenAI-compatible server gives it."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model}
    return {**head, "choices": [choice], "usage": USAGE}
