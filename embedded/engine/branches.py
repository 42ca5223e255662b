"""Running the branches of a Parallel, or the iterations of a Map, side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

from embedded.engine.failures import DATA_LIMIT_EXCEEDED, StateFailed
from embedded.engine.frame import STATES_IN_A_ROW, Frame, State
from embedded.engine.items import Item
from embedded.engine.payload import MAX_PAYLOAD_BYTES, byte_size, decode, encode_payload
from embedded.engine.snapshot import ENDED, Snapshot
from embedded.engine.states import States
from promptpilot.clock import epoch_ms


class Start(NamedTuple):
    """How one of them begins. `events` are those of the history that belong to it anyway."""

    states: States[State]
    input: Callable[[str, int], Awaitable[Any]]
    """Asked with its path and its time in milliseconds, if it has not begun before."""
    item: Item | None = None
    events: int = 0
    timely: bool = False
    """Whether its input depends on its time or on chance."""


class Branches:
    """All that run for one attempt of the state that `frame` is in; `starts` in their order."""

    def __init__(self, frame: Frame, starts: list[Start], limit: int) -> None:
        """At most `limit` run at once; 0 is no limit."""
        self._frame = frame
        self._starts = starts
        self._limit = limit or len(starts)
        self._children = frame.fan_out()
        self._values: list[Any] = [None] * len(starts)
        self._texts: list[str] = [""] * len(starts)

    async def run(self) -> list[Any]:
        """Their outputs, in order. Raises the `StateFailed` of the first that fails, after the
        others were cancelled.
        """
        if self._starts:
            await self._run_all()
        self._frame.moment_ms = max(self._frame.moment_ms, self._children.moment_ms)
        text = f"[{','.join(self._texts)}]"
        if byte_size(text) > MAX_PAYLOAD_BYTES:
            cause = f"The results together have more than {MAX_PAYLOAD_BYTES} bytes of JSON."
            raise StateFailed(DATA_LIMIT_EXCEEDED, cause)
        self._frame.remember(self._values, text)
        return self._values

    async def _run_all(self) -> None:
        positions = iter(range(len(self._starts)))
        runners = [
            self._frame.execution.spawn(self._run_each(positions))
            for _ in range(min(self._limit, len(self._starts)))
        ]
        self._children.runners = runners
        try:
            await asyncio.wait(runners, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            self._children.cancel()
            await asyncio.wait(runners)
            self._frame.gather()
        failures = [runner.exception() for runner in runners if not runner.cancelled()]
        for failure in filter(None, failures):
            raise failure

    async def _run_each(self, positions: Iterator[int]) -> None:
        try:
            for position in positions:
                await self._run_one(position)
                if position % STATES_IN_A_ROW == 0:
                    await asyncio.sleep(0)
        except StateFailed:
            self._children.cancel()  # at once: no job of theirs is to begin any more
            raise

    async def _run_one(self, position: int) -> None:
        frame, start = self._frame, self._starts[position]
        path = f"{self._children.prefix}{position}"
        snapshot, variables = frame.execution.journaled(path)
        if snapshot is not None and snapshot.state == ENDED:
            self._children.keep(snapshot)
            self._texts[position] = snapshot.input
            self._values[position] = decode(snapshot.input)
            return
        child = await self._begin(path, start, snapshot)
        child.restore(variables)
        last = await child.run()
        frame.end_child(child, last)
        self._values[position], self._texts[position] = last.output, last.text

    async def _begin(self, path: str, start: Start, snapshot: Snapshot | None) -> Frame:
        restored = snapshot is not None
        if snapshot is None:
            now_ms = epoch_ms()
            given = await start.input(path, now_ms)
            text = encode_payload(given, f"input of {path}")
            first = start.states.start_at
            snapshot = Snapshot(path, first, text, now_ms, now_ms, None, {}, 0)
        else:
            given = decode(snapshot.input)
        child = Frame(
            self._frame.execution,
            start.states,
            snapshot,
            input=given,
            parent=self._frame,
            item=start.item,
            restored=restored,
        )
        self._children.begin(child)
        if not restored:
            child.repeatable = not start.timely
            child.note("state_entered")
            child.count_events(start.events)
        return child
