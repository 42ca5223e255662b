"""What a frame needs of the execution that it belongs to."""

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any, Protocol

from embedded.engine.dispatcher import Dispatcher
from embedded.engine.evaluation import Evaluator
from embedded.engine.snapshot import Snapshot, Variable
from embedded.engine.task_tokens import TaskTokens
from embedded.engine.turn import Staged


class Owner(Protocol):
    """An execution, as its frames see it."""

    name: str
    context: dict[str, Any]
    evaluator: Evaluator
    tokens: TaskTokens
    dispatcher: Dispatcher

    @property
    def repeats_alike(self) -> bool:
        """Whether a job that was done before gives the result it gave then."""
        ...

    def count_events(self, events: int) -> None:
        """Add to the events of the whole execution. Raises `StateFailed` past the limit."""
        ...

    def count_variable_bytes(self, grown: int) -> None:
        """Add to the bytes of all variables. Raises `StateFailed` past the limit."""
        ...

    def stage(self, frame: Staged) -> object:
        """Journal soon where the frame stands, and those around it."""
        ...

    def stage_late(self, frame: Staged) -> None:
        """Journal where the frame stands some time, or soon in an engine that never waits."""
        ...

    def save(self, frame: Staged) -> Awaitable[None]:
        """Journal it soon; done when it is journaled."""
        ...

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run beside the others until the execution ends."""
        ...

    def journaled(self, path: str) -> tuple[Snapshot | None, Sequence[Variable]]:
        """Where the frame at `path` stood when the engine stopped; asked once."""
        ...
