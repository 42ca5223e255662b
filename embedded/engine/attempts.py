"""Running what may fail: again where a retrier says so, elsewhere where a catcher does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from embedded.engine.exits import Exit
from embedded.engine.failures import StateFailed
from embedded.engine.fields import Fields
from embedded.engine.frame import Frame
from embedded.engine.retries import (
    Catcher,
    Retrier,
    find_catcher,
    find_retrier,
    read_catchers,
    read_retriers,
)
from embedded.engine.transition import Transition
from promptpilot.clock import epoch_ms


@dataclass(frozen=True, slots=True)
class Attempts:
    """What a Task, a Parallel and a Map have in common."""

    retriers: tuple[Retrier, ...]
    catchers: tuple[Catcher, ...]
    exit: Exit

    @classmethod
    def read(cls, fields: Fields) -> "Attempts":
        """The fields `Retry` and `Catch`, and how the state is left when it succeeds."""
        return cls(read_retriers(fields), read_catchers(fields), Exit.read(fields))

    async def run(self, frame: Frame, attempt: Callable[[], Awaitable[Any]]) -> Transition:
        """Try until an attempt gives a result, its error is caught, or nothing takes the error.

        Raises `StateFailed` then.
        """
        while True:
            if frame.wake_ms is not None:
                await frame.save()
                await frame.sleep()
            try:
                result = await attempt()
                return await self.exit.leave(frame, frame.scope(result=result), result)
            except StateFailed as failure:
                transition = await self._recover(frame, failure)
            if transition is not None:
                return transition

    async def _recover(self, frame: Frame, failure: StateFailed) -> Transition | None:
        """None when the state is to be tried again. Raises the failure when nothing takes it."""
        at = find_retrier(self.retriers, failure.error)
        if at is not None:
            retrier, retries = self.retriers[at], frame.retries_of(at)
            if retries < retrier.max_attempts:
                frame.note("state_failed", failure.error)
                frame.retry(at, delay_seconds=retrier.delay_seconds(retries))
                frame.note("state_retried")
                return None
        catcher = find_catcher(self.catchers, failure.error)
        if catcher is None:
            raise failure
        frame.note("state_failed", failure.error)
        frame.repeatable = False
        frame.moment_ms = epoch_ms()
        output = {"Error": failure.error, "Cause": failure.cause}
        return await catcher.exit.leave(frame, frame.scope(errorOutput=output), output)
