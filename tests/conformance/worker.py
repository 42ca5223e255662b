"""A worker that works off a case's script, whichever interpreter runs the machine."""

import threading
from collections import Counter, defaultdict, deque
from typing import Any, Protocol

from tests.conformance.acts import END, Act, ok
from tests.conformance.case import Case

BEAT_SECONDS = 0.4
Job = dict[str, Any]


class Desk(Protocol):
    """Where answers are handed in; False where nobody waits for them."""

    def succeed(self, token: str, output: Any) -> bool: ...

    def fail(self, token: str, error: str, cause: str) -> bool: ...

    def beat(self, token: str) -> bool: ...


class Worker:
    """Works for one execution of a case."""

    def __init__(self, case: Case, desk: Desk) -> None:
        self.jobs: list[Job] = []
        self.most: Counter[str] = Counter()
        self.accepted: dict[str, list[bool]] = defaultdict(list)
        """By step, whether the answers given were taken, in the order in which they were given."""
        self.case = case
        self._desk = desk
        self._script = {step: deque(acts) for step, acts in case.work.items()}
        self._open: list[tuple[Job, Act]] = []
        self._in_hand: Counter[str] = Counter()
        self._over = False
        self._lock = threading.Lock()

    def take(self, job: Job) -> None:
        """A job has come."""
        step = job["step"]
        script = self._script.get(step)
        act = script.popleft() if script else ok()
        with self._lock:
            self.jobs.append(job)
            self._in_hand[step] += 1
            self.most[step] = max(self.most[step], self._in_hand[step])
            self._open.append((job, act))
        if act.beats:
            self._later(BEAT_SECONDS, self._beat, job, act.beats)
        self._answer_what_is_due()

    def end(self) -> None:
        """The execution has ended."""
        self._over = True
        self._answer_what_is_due()

    def _answer_what_is_due(self) -> None:
        with self._lock:
            due = [each for each in self._open if self._is_due(*each)]
            self._open = [each for each in self._open if each not in due]
        for job, act in due:
            if act.seconds:
                self._later(act.seconds, self._answer, job, act)
            else:
                self._answer(job, act)

    def _is_due(self, job: Job, act: Act) -> bool:
        if act.kind == "silent" or act.beats:
            return False
        seen = {each["step"] for each in self.jobs} | ({END} if self._over else set())
        alike = sum(other["step"] == job["step"] for other, _ in self._open)
        return (not act.after or act.after in seen) and alike >= act.together

    def _answer(self, job: Job, act: Act) -> None:
        step, token = job["step"], job["token"]
        with self._lock:
            self._in_hand[step] -= 1
        if act.kind == "fail":
            taken = self._desk.fail(token, act.error, act.cause)
        else:
            output = {"output": step} if act.output is None else act.output
            taken = self._desk.succeed(token, output)
        self.accepted[step].append(taken)

    def _beat(self, job: Job, left: int) -> None:
        self._desk.beat(job["token"])
        if left > 1:
            self._later(BEAT_SECONDS, self._beat, job, left - 1)
        else:
            self._later(BEAT_SECONDS, self._answer, job, ok())

    def _later(self, seconds: float, call: Any, *args: Any) -> None:
        timer = threading.Timer(seconds, call, args)
        timer.daemon = True
        timer.start()
