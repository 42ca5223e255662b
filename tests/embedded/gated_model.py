"""An OpenAI-compatible server that answers only as many calls as a test allows."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class GatedModel:
    """Echoes the last message; `calls` counts what arrived, `allow(n)` lets n more be answered."""

    def __init__(self) -> None:
        self._gate = threading.Semaphore(0)
        self._lock = threading.Lock()
        self.calls = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def allow(self, calls: int) -> None:
        for _ in range(calls):
            self._gate.release()

    def allow_soon(self, calls: int) -> None:
        """As `allow`, a moment later: after the caller has gone on to its next line."""
        threading.Timer(0.3, self.allow, [calls]).start()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._gate.release(1000)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with model._lock:
                    model.calls += 1
                model._gate.acquire()
                text = "answer to: " + body["messages"][-1]["content"]
                message = {"role": "assistant", "content": text}
                usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
                answer = {
                    "id": "chatcmpl-1",
                    "object": "chat.completion",
                    "created": 1,
                    "model": body["model"],
                    "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                    "usage": usage,
                }
                data = json.dumps(answer).encode()
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    self.close_connection = True  # whoever asked was killed meanwhile

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler
