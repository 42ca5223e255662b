"""What the executions of a crash test call: models and a web server, both on loopback, which
outlive every crash and count.
"""

import threading
from collections import Counter, defaultdict
from typing import Any

from tests.embedded.loopback import JsonHandler, LoopbackServer, completion

DOWN = "down"
"""The model that never answers."""
FLAKY = "Say: flaky"
"""Is refused the first time, as by a rate limit."""
REFUSED = "Say: refused"
"""Is refused every time."""


class CrashServers(LoopbackServer):
    """Each run of a test has an address of its own: `/RUN/v1` for models, `/RUN/...` to echo."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.calls: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """By run: how often a model was asked what, and "echo"."""
        self.lock = threading.Lock()


class _Handler(JsonHandler):
    server: CrashServers

    def post(self, body: Any) -> None:
        _, run, place, *_ = self.path.split("/")
        if place != "v1":
            self._count(run, "echo")
            self.answer(200, {"sent": body})
        elif body["model"] == DOWN:
            self.answer(500, {"error": {"message": "down"}})
        else:
            self._say(body, run)

    def _say(self, body: Any, run: str) -> None:
        asked = body["messages"][-1]["content"]
        times = self._count(run, asked)
        if asked == REFUSED:
            self.answer(400, {"error": {"message": "no"}})
        elif asked == FLAKY and times == 1:
            self.answer(429, {"error": {"message": "later"}})
        else:
            self.answer(200, completion(f"answer to {asked}", body["model"]))

    def _count(self, run: str, what: str) -> int:
        with self.server.lock:
            self.server.calls[run][what] += 1
            return self.server.calls[run][what]
