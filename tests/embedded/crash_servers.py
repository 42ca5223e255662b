"""What the executions of a crash test call: models and a web server, both on loopback, which
outlive every crash and count.
"""

import json
import threading
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

DOWN = "down"
"""The model that never answers."""
FLAKY = "Say: flaky"
"""Is refused the first time, as by a rate limit."""
REFUSED = "Say: refused"
"""Is refused every time."""


class CrashServers(ThreadingHTTPServer):
    """Each run of a test has an address of its own: `/RUN/v1` for models, `/RUN/...` to echo."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """By run: how often a model was asked what, and "echo"."""
        self.lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CrashServers

    def do_POST(self) -> None:
        _, run, place, *_ = self.path.split("/")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if place != "v1":
            self._count(run, "echo")
            self._answer(200, {"sent": body})
        elif body["model"] == DOWN:
            self._answer(500, {"error": {"message": "down"}})
        else:
            self._say(body, run)

    def _say(self, body: Any, run: str) -> None:
        asked = body["messages"][-1]["content"]
        times = self._count(run, asked)
        if asked == REFUSED:
            self._answer(400, {"error": {"message": "no"}})
        elif asked == FLAKY and times == 1:
            self._answer(429, {"error": {"message": "later"}})
        else:
            message = {"role": "assistant", "content": f"answer to {asked}"}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
            head = {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"]}
            self._answer(200, {**head, "choices": [choice], "usage": usage})

    def _count(self, run: str, what: str) -> int:
        with self.server.lock:
            self.server.calls[run][what] += 1
            return self.server.calls[run][what]

    def _answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            self.close_connection = True  # whoever asked was killed meanwhile

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
