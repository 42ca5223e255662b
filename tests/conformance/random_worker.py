"""A worker of compiled workflows that does what comes, and counts what it did."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from embedded.engine.engine import Engine

ANSWERS: tuple[Any, ...] = (
    {"output": "text", "text": "text", "log": "log_1"},
    {"output": {"a": [1, None]}, "text": "{}", "log": "log_1"},
    {"output": None, "text": "", "log": "log_1"},
)
ERRORS = ("ModelOverloaded", "ModelRefused", "ActionUnavailable", "ChildFailed", "OutputInvalid")


class RandomWorker:
    """`choose` gives a number below the one it is given."""

    def __init__(self) -> None:
        self.jobs: Counter[str] = Counter()
        self.engine: Engine | None = None
        self._choose: Callable[[int], int] = lambda _: 0
        self._lock = threading.Lock()

    def begin(self, choose: Callable[[int], int]) -> None:
        """What comes next is for another execution."""
        self.jobs = Counter()
        self._choose = choose

    async def __call__(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        job = json.loads(event["Records"][0]["body"])
        assert self.engine is not None
        with self._lock:
            self.jobs[job["step"]] += 1
            choice = self._choose(len(ANSWERS) + len(ERRORS))
        if choice < len(ANSWERS):
            self.engine.succeed_task(job["token"], ANSWERS[choice])
        else:
            self.engine.fail_task(job["token"], ERRORS[choice - len(ANSWERS)], "by chance")
        return {"batchItemFailures": []}
