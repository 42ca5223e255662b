"""A worker that does what a test tells it, in the place of the step worker."""

import asyncio
import json
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any

from embedded.engine.engine import Engine
from tests.engine.patience import PATIENCE

Job = dict[str, Any]
Event = dict[str, Any]


class WorkerBroke(Exception):
    pass


class ScriptedWorker:
    """Answers the jobs of each step with the script's next action, and by default with success.

    An action takes the job and its token's engine; what it returns is the worker's answer.
    """

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.events: list[Event] = []
        self.jobs: list[Job] = []
        self._counts: Counter[str] = Counter()
        self._scripts: dict[str, deque[Callable[[Job], Any]]] = defaultdict(deque)
        self._changed = threading.Condition()

    def script(self, step: str, *actions: Callable[[Job], Any]) -> None:
        self._scripts[step].extend(actions)

    async def __call__(self, event: Event) -> Mapping[str, Any]:
        job = json.loads(event["Records"][0]["body"])
        with self._changed:
            self.events.append(event)
            self.jobs.append(job)
            self._counts[job["step"]] += 1
            self._changed.notify_all()
        script = self._scripts[job["step"]]
        action = script.popleft() if script else self.succeed()
        answer = action(job)
        if asyncio.iscoroutine(answer):
            answer = await answer
        return answer if isinstance(answer, Mapping) else {"batchItemFailures": []}

    def jobs_of(self, step: str) -> list[Job]:
        return [job for job in self.jobs if job["step"] == step]

    def wait_for_job(self, step: str, count: int = 1) -> Job:
        """The `count`th job of the step, once it has come."""
        with self._changed:
            came = self._changed.wait_for(lambda: self._counts[step] >= count, PATIENCE)
        assert came, f"no job {count} of {step}; there were {self.jobs}"
        return self.jobs_of(step)[count - 1]

    # Actions

    def succeed(self, output: Mapping[str, Any] | None = None) -> Callable[[Job], Any]:
        def act(job: Job) -> None:
            assert self.engine is not None
            if "token" in job:
                self.engine.succeed_task(job["token"], output or {"output": job["step"]})

        return act

    def fail(self, error: str, cause: str = "because") -> Callable[[Job], Any]:
        def act(job: Job) -> None:
            assert self.engine is not None
            self.engine.fail_task(job["token"], error, cause)

        return act


def silence(job: Job) -> None:
    """Take the job and never complete its token."""


def break_down(job: Job) -> None:
    raise WorkerBroke(job["step"])


def hold(release: threading.Event) -> Callable[[Job], Any]:
    """Stay at work until released."""

    async def act(job: Job) -> None:
        await asyncio.to_thread(release.wait, PATIENCE)

    return act
