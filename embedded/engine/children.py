"""The branches or iterations of the state that a frame is in."""

import asyncio
from collections.abc import Collection
from typing import Any, Generic, Protocol, TypeVar

from embedded.engine.snapshot import Snapshot

EVENTS_PER_ATTEMPT = 2
"""Of Step Functions' history, for a Parallel or a Map: started; succeeded or failed."""
_ESCAPES = str.maketrans({"%": "%25", "#": "%23", "/": "%2F"})


def parent_of(path: str) -> str:
    """The path of the frame that the one at `path` branches off."""
    return path.rpartition("/")[0]


def positions_in(path: str, maps: Collection[str]) -> tuple[int, ...]:
    """The positions in the Maps around a frame, outermost first; `maps` are the Maps' names."""
    parts = [part.partition("#") for part in path.split("/") if part]
    escaped = {name.translate(_ESCAPES) for name in maps}
    return tuple(int(position) for name, _, position in parts if name in escaped)


class Child(Protocol):
    """The frame of a branch or an iteration."""

    path: str
    journaled: bool
    moment_ms: int
    events: int
    children: "Children[Any] | None"


C = TypeVar("C", bound=Child)


class Children(Generic[C]):
    """Those that run, and those that have ended but are not journaled so. The path of each begins
    with `prefix` and ends with its position: "fan#0", "each#17/fan#1".
    """

    def __init__(self, path: str, state: str) -> None:
        name = state.translate(_ESCAPES)
        self.prefix = f"{path}/{name}#" if path else f"{name}#"
        self.running: dict[str, C] = {}
        self.runners: list[asyncio.Task[None]] = []
        self.journaled = False
        """Whether there are rows of them."""
        self.events = EVENTS_PER_ATTEMPT
        """Of the history: those of the children that have ended, and of the whole attempt."""
        self.moment_ms = 0
        """When the last that happened to one of them did."""
        self._ended: list[C] = []

    def begin(self, child: C) -> None:
        """It runs."""
        self.journaled |= child.journaled
        self.running[child.path] = child

    def end(self, child: C) -> None:
        """It has ended; that is to be journaled when something else of its parent is."""
        del self.running[child.path]
        self._ended.append(child)
        self.moment_ms = max(self.moment_ms, child.moment_ms)

    def keep(self, snapshot: Snapshot) -> None:
        """One has ended so before the engine was started."""
        self.journaled = True
        self.events += snapshot.events
        self.moment_ms = max(self.moment_ms, snapshot.moment_ms)

    def take_ended(self) -> list[C]:
        """Those whose end is to be journaled."""
        ended, self._ended = self._ended, []
        self.events += sum(child.events for child in ended)
        return ended

    def cancel(self) -> None:
        """End all that run, and what branches off them, but for whoever asks."""
        asking = asyncio.current_task()
        for runner in self.runners:
            if runner is not asking:
                runner.cancel()
        for child in self.running.values():
            if child.children is not None:
                child.children.cancel()
