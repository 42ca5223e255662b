"""An OpenAI-compatible server that streams its answers, a word for each time that a test allows."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

FREELY = 1_000_000


class StreamingModel(ThreadingHTTPServer):
    """Answers every question by `text`; `allow(n)` lets n more words go out."""

    daemon_threads = True

    def __init__(self, text: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.text = text
        self.words = threading.Semaphore(0)
        self.calls = 0
        self.streamed_calls = 0
        self._thread = threading.Thread(target=self.serve_forever)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def allow(self, words: int) -> None:
        self.words.release(words)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.allow(FREELY)
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StreamingModel

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls += 1
        try:
            if body.get("stream"):
                self.server.streamed_calls += 1
                self._stream()
            else:
                self._answer()
        except OSError:
            self.close_connection = True  # whoever asked was killed meanwhile

    def _answer(self) -> None:
        message = {"role": "assistant", "content": self.server.text}
        data = json.dumps(_said({"message": message, "finish_reason": "stop"})).encode()
        self._head("application/json", {"Content-Length": str(len(data))})
        self.wfile.write(data)

    def _stream(self) -> None:
        self._head("text/event-stream", {"Transfer-Encoding": "chunked"})
        for word in re.findall(r"\s*\S+", self.server.text):
            self.server.words.acquire()
            self._send({"delta": {"content": word}, "finish_reason": None})
        self._send({"delta": {}, "finish_reason": "stop"})
        self._write("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _head(self, content_type: str, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in {"Content-Type": content_type, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, choice: dict[str, Any]) -> None:
        self._write(f"data: {json.dumps(_said(choice))}\n\n")

    def _write(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _said(choice: dict[str, Any]) -> dict[str, Any]:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    choices = [{"index": 0, **choice}]
    return {"object": "chat.completion", "model": "m", "choices": choices, "usage": usage}
