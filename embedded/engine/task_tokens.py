"""The tokens of tasks that wait, and the clocks that limit the wait."""

import asyncio
import math
import secrets
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from embedded.engine.failures import HEARTBEAT_TIMEOUT, TIMEOUT

Acknowledge = Callable[[bool], Any]
"""Tells who settled a task whether that is durable or came to nothing."""
DURABLE, LOST = True, False


LONGEST_TIMER_SECONDS = 86_400.0
"""How long one timer of an event loop runs; a longer time is waited for in parts."""


def nobody(durable: bool) -> None:
    """The acknowledgement that nobody waits for."""


class TaskSuccess(NamedTuple):
    """A task's result, also as JSON text."""

    value: Any
    text: str
    acknowledge: Acknowledge = nobody


class TaskFailure(NamedTuple):
    """The error a task ended with."""

    error: str
    cause: str
    acknowledge: Acknowledge = nobody


Outcome = TaskSuccess | TaskFailure


class Waiting:
    """One task that waits. `timeout` and `heartbeat` are in seconds, from `start_clock` on."""

    def __init__(self, token: str, tokens: "TaskTokens", loop: asyncio.AbstractEventLoop) -> None:
        self.token = token
        self.future: asyncio.Future[Outcome] = loop.create_future()
        self.timeout: float | None = None
        self.heartbeat: float | None = None
        self._tokens = tokens
        self._loop = loop
        self._started: float | None = None
        self._beat = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._taken = False

    async def outcome(self) -> Outcome:
        """How the task ended, once it has."""
        outcome = await self.future
        self._taken = True
        return outcome

    def settle(self, outcome: Outcome) -> bool:
        """End the wait. False where it has ended."""
        if self.future.done():
            return False
        self.future.set_result(outcome)
        return True

    def watch_for(self, seconds: float) -> None:
        """The clock runs already, whoever gets the job when: only so many seconds are left."""
        assert self.timeout is not None
        self._started = time.monotonic() + seconds - self.timeout
        self._watch()

    def start_clock(self) -> bool:
        """A worker gets the job now. False where nobody waits any more."""
        if self.future.done():
            return False
        self.beat()
        if self._started is None:
            self._started = self._beat
            self._watch()
        return True

    def beat(self) -> None:
        """The worker is alive."""
        self._beat = time.monotonic()

    def _watch(self) -> None:
        """Fail when a limit has passed, else look again when the next one may have."""
        assert self._started is not None
        overdue = self._started + self.timeout if self.timeout else math.inf
        silent = self._beat + self.heartbeat if self.heartbeat else math.inf
        due = min(overdue, silent)
        left = due - time.monotonic()
        if left > 0:
            if due < math.inf:
                self._timer = self._loop.call_later(min(left, LONGEST_TIMER_SECONDS), self._watch)
        elif overdue <= silent:
            cause = f"The task was not done within {self.timeout} seconds."
            self.settle(TaskFailure(TIMEOUT, cause))
        else:
            cause = f"The task sent no heartbeat within {self.heartbeat} seconds."
            self.settle(TaskFailure(HEARTBEAT_TIMEOUT, cause))

    def close(self) -> None:
        """Nobody waits any more; a result that came meanwhile comes to nothing."""
        self._tokens.forget(self.token)
        if self._timer is not None:
            self._timer.cancel()
        if not self.future.done():
            self.future.cancel()
        elif not self._taken and not self.future.cancelled():
            self.future.result().acknowledge(LOST)


class TaskTokens:
    """The tokens given out since the engine started. `boot` counts its starts, so that no token is
    ever given out twice.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, boot: int) -> None:
        self._loop = loop
        self._prefix = f"{boot}-{secrets.token_hex(8)}"
        self._count = 0
        self._waiting: dict[str, Waiting] = {}

    def open(self) -> Waiting:
        """A new token, and the wait for it."""
        self._count += 1
        waiting = Waiting(f"{self._prefix}-{self._count}", self, self._loop)
        self._waiting[waiting.token] = waiting
        return waiting

    def settle(self, token: str, outcome: Outcome) -> bool:
        """End the wait for the token. False where nobody waits for it."""
        waiting = self._waiting.pop(token, None)
        return waiting is not None and waiting.settle(outcome)

    def beat(self, token: str) -> bool:
        """The worker of that token is alive. False where nobody waits for it."""
        waiting = self._waiting.get(token)
        if waiting is None or waiting.future.done():
            return False
        waiting.beat()
        return True

    def forget(self, token: str) -> None:
        """Nobody waits for the token any more."""
        self._waiting.pop(token, None)
