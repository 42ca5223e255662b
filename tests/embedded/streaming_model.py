"""An OpenAI-compatible server that streams its answers, a word for each time that a test allows."""

import json
import re
import threading
from typing import Any

from tests.embedded.loopback import USAGE, JsonHandler, LoopbackServer, completion

FREELY = 1_000_000


class StreamingModel(LoopbackServer):
    """Answers every question by `text`; `allow(n)` lets n more words go out."""

    def __init__(self, text: str) -> None:
        super().__init__(_Handler)
        self.text = text
        self.words = threading.Semaphore(0)
        self.calls = 0
        self.streamed_calls = 0

    def allow(self, words: int) -> None:
        self.words.release(words)

    def shutdown(self) -> None:
        self.allow(FREELY)
        super().shutdown()


class _Handler(JsonHandler):
    server: StreamingModel

    def post(self, body: Any) -> None:
        self.server.calls += 1
        if not body.get("stream"):
            self.answer(200, completion(self.server.text, "m"))
            return
        self.server.streamed_calls += 1
        try:
            self._stream()
        except OSError:
            self.close_connection = True  # whoever asked was killed meanwhile

    def _stream(self) -> None:
        headers = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}
        self.begin(200, headers)
        for word in re.findall(r"\s*\S+", self.server.text):
            self.server.words.acquire()
            self._send({"delta": {"content": word}, "finish_reason": None})
        self._send({"delta": {}, "finish_reason": "stop"})
        self._write("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, choice: dict[str, Any]) -> None:
        chunk = {"object": "chat.completion.chunk", "model": "m", "usage": USAGE}
        choices = [{"index": 0, **choice}]
        self._write(f"data: {json.dumps({**chunk, 'choices': choices})}\n\n")

    def _write(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()
