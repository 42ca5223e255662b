"""An OpenAI-compatible server that answers only as many calls as a test allows."""

from threading import Lock, Semaphore, Timer
from typing import Any

from tests.embedded.loopback import JsonHandler, LoopbackServer, completion


class GatedModel(LoopbackServer):
    """Echoes the last message; `calls` counts what arrived, `allow(n)` lets n more be answered."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.gate = Semaphore(0)
        self.lock = Lock()
        self.calls = 0

    def allow(self, calls: int) -> None:
        for _ in range(calls):
            self.gate.release()

    def allow_soon(self, calls: int) -> None:
        """As `allow`, a moment later: after the caller has gone on to its next line."""
        Timer(0.3, self.allow, [calls]).start()

    def shutdown(self) -> None:
        self.allow(1000)
        super().shutdown()


class _Handler(JsonHandler):
    server: GatedModel

    def post(self, body: Any) -> None:
        with self.server.lock:
            self.server.calls += 1
        self.server.gate.acquire()
        text = "answer to: " + body["messages"][-1]["content"]
        self.answer(200, completion(text, body["model"]))
