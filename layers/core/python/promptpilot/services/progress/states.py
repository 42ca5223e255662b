"""Reading a state machine's history as what the steps of a workflow do.

A state machine knows maps and not loops. So the rounds of loops are counted here, from the first
event on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from promptpilot.domain.execution import log_id
from promptpilot.domain.progress import StateEvent, StateEventType
from promptpilot.domain.step_job import StepPlace
from promptpilot.ports.orchestrator import HistoryEvent
from promptpilot.services.progress.places import Place, Places, step_of

TYPES: Mapping[str, StateEventType] = {
    "state_entered": "state.entered",
    "state_exited": "state.left",
    "state_failed": "state.failed",
    "state_retried": "state.retried",
}

_BEGINS = frozenset({"state_entered", "state_retried"})

Positions = tuple[int, ...]
"""In the maps around a state, outermost first."""


@dataclass(frozen=True, slots=True)
class Calling:
    """A step that calls a model and is under way."""

    place: Place
    iteration: str | None
    positions: Positions


@dataclass(slots=True)
class States:
    """How far a history has been read, and what it takes to understand the rest."""

    execution: str
    places: Places
    last: int = 0
    """The id of the last event read."""
    rounds: dict[tuple[str, Positions], int] = field(default_factory=dict)
    """Of the loops that go on, in each iteration of the maps around them."""
    calling: dict[str, Calling] = field(default_factory=dict)
    """By log id."""

    def copy(self) -> Self:
        """The same, to read on apart from this."""
        return type(self)(
            self.execution, self.places, self.last, dict(self.rounds), dict(self.calling)
        )

    @property
    def weight(self) -> int:
        """How much there is to remember."""
        return 1 + len(self.rounds) + len(self.calling)

    def read(self, event: HistoryEvent) -> StateEvent | None:
        """Take the next event; what is to be told of it. None for a state of no step we know."""
        self.last = event.id
        place = self.places.get(step_of(event.state))
        if place is None:
            return None
        if event.type == "state_entered":
            self._enter(event, place)
        iteration = self.iteration_of(event, place)
        if event.state == place.step:
            self._call(event, place, iteration)
        return StateEvent(
            type=TYPES[event.type],
            id=event.id,
            at=event.at,
            state=event.state,
            step=place.step,
            path=place.path,
            iteration=iteration,
            error=event.error,
        )

    def log_of(self, event: HistoryEvent) -> str | None:
        """The log of the step that calls a model and is left by this event, the next to be read."""
        place = self.places.get(event.state)
        if event.type != "state_exited" or place is None or not place.is_prompt:
            return None
        return self._log(place, self.iteration_of(event, place))

    def _log(self, place: Place, iteration: str | None) -> str:
        where = StepPlace(
            step=place.step, path=place.path, ordinal=place.ordinal, iteration=iteration
        )
        return log_id(self.execution, where)

    def iteration_of(self, event: HistoryEvent, place: Place) -> str | None:
        """The iteration that an event of a step is about, as the step's log has it."""
        around = place.around
        if place.inside is not None and event.state == f"{place.step}.item":
            around = (*around, place.inside)
        positions, indexes = iter(event.iteration), list[int]()
        so_far: Positions = ()
        for each in around:
            if each.is_map:
                so_far = (*so_far, next(positions, 0))
                indexes.append(so_far[-1])
            else:
                indexes.append(max(0, self.rounds.get((each.id, so_far), 0)))
        return ".".join(map(str, indexes)) or None

    def _enter(self, event: HistoryEvent, place: Place) -> None:
        maps = _positions(event, place)
        if event.state in {place.step, f"{place.step}.end"}:
            self._end_loops(place, maps)
        if event.state != place.step:
            return
        loop = place.around[-1] if place.around else None
        if loop is not None and not loop.is_map and loop.first == place.step:
            key = (loop.id, maps)
            self.rounds[key] = self.rounds.get(key, -1) + 1
        if place.inside is not None and not place.inside.is_map:
            self.rounds[place.step, maps] = -1

    def _end_loops(self, place: Place, maps: Positions) -> None:
        """Where a step begins, the loops before it in its block, and all within them, are over."""
        block = f"{place.block}/" if place.block else ""
        over = [
            (loop, positions)
            for loop, positions in self.rounds
            if f"{self.places[loop].block}/".startswith(block) and positions[: len(maps)] == maps
        ]
        for key in over:
            del self.rounds[key]

    def _call(self, event: HistoryEvent, place: Place, iteration: str | None) -> None:
        if place.is_prompt:
            log = self._log(place, iteration)
            if event.type in _BEGINS:
                self.calling[log] = Calling(place, iteration, event.iteration)
            else:
                self.calling.pop(log, None)
        elif event.type != "state_entered" and self.calling:
            # What ran within a step that is left or tried again runs no more, left or not.
            maps = _positions(event, place)
            for log, each in list(self.calling.items()):
                if place.holds(each.place.path) and each.positions[: len(maps)] == maps:
                    del self.calling[log]


def _positions(event: HistoryEvent, place: Place) -> Positions:
    return event.iteration[: sum(each.is_map for each in place.around)]
