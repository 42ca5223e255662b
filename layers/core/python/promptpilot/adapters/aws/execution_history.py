"""Step Functions' history of an execution, told as the port tells it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from promptpilot.ports.orchestrator import Happening, HistoryEvent

FAILED = {
    "TaskFailed": "taskFailedEventDetails",
    "TaskTimedOut": "taskTimedOutEventDetails",
    "TaskSubmitFailed": "taskSubmitFailedEventDetails",
    "TaskStartFailed": "taskStartFailedEventDetails",
    "EvaluationFailed": "evaluationFailedEventDetails",
}
"""The end of a try, and where its error stands."""

OUTWARDS = frozenset(
    {"ExecutionFailed", "MapIterationFailed", "MapStateFailed", "ParallelStateFailed"}
)
"""What follows where nothing takes an error; only the first of them tells it."""

TRIED = frozenset({"TaskScheduled", "MapStateStarted", "ParallelStateStarted"})


class _Place(NamedTuple):
    """What an event is about: inherited from the one before, where it does not say."""

    type: str = ""
    state: str = ""
    iteration: tuple[int, ...] = ()
    error: str | None = None


@dataclass
class _Reading:
    """What is known of the states so far. A state stands in one place of the machine, so how many
    Maps are around it, and which state holds it, are always the same.
    """

    places: dict[int, _Place] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    tried: set[tuple[str, tuple[int, ...]]] = field(default_factory=set)

    def place(self, event: Mapping[str, Any]) -> tuple[_Place, _Place]:
        """What the event before this one is about, and this one."""
        before = self.places.get(event.get("previousEventId", 0), _Place())
        state = self._state(event, before)
        iteration = before.iteration[: self.depths.get(state, len(before.iteration))]
        started = event.get("mapIterationStartedEventDetails")
        if started is not None:
            iteration = (*iteration, started["index"])
        details = FAILED.get(event["type"], "executionFailedEventDetails")
        error = _details(event, details).get("error", before.error)
        place = _Place(event["type"], state, iteration, error)
        if event["type"].endswith("StateEntered"):
            self._enter(place, before)
        self.places[event["id"]] = place
        return before, place

    def _state(self, event: Mapping[str, Any], before: _Place) -> str:
        for details, name in _NAMES:
            if details in event:
                return str(event[details].get(name) or before.state)
        if event["type"].startswith("ParallelState") and not before.type.startswith("Parallel"):
            return self.holders.get(before.state, before.state)
        if event["type"] == "ParallelStateFailed" and before.type == "ParallelStateFailed":
            return self.holders.get(before.state, before.state)
        return before.state

    def _enter(self, place: _Place, before: _Place) -> None:
        self.depths.setdefault(place.state, len(place.iteration))
        holds = before.type in {"ParallelStateStarted", "MapIterationStarted"}
        holder = before.state if holds else self.holders.get(before.state, "")
        self.holders.setdefault(place.state, holder)
        self.tried.discard(place[1:3])


_NAMES = (
    ("stateEnteredEventDetails", "name"),
    ("stateExitedEventDetails", "name"),
    ("mapIterationStartedEventDetails", "name"),
    ("mapIterationSucceededEventDetails", "name"),
    ("mapIterationFailedEventDetails", "name"),
    ("mapIterationAbortedEventDetails", "name"),
    ("evaluationFailedEventDetails", "state"),
)


def _details(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = event.get(name, {})
    return found


def _told(
    event: Mapping[str, Any], before: _Place, place: _Place, reading: _Reading
) -> Iterator[tuple[Happening, _Place]]:
    """What the event says of states; nothing, mostly."""
    kind = event["type"]
    if kind.endswith("StateEntered"):
        yield "state_entered", place
    elif kind.endswith("StateExited"):
        yield "state_exited", place
    elif kind in TRIED:
        if place[1:3] in reading.tried:
            yield "state_retried", place
        reading.tried.add(place[1:3])
    else:
        yield from (("state_failed", failed) for failed in _failed(kind, before, place))


def _failed(kind: str, before: _Place, place: _Place) -> Iterator[_Place]:
    if kind in OUTWARDS and before.type.endswith("StateEntered"):
        yield before._replace(error=place.error)  # a Fail, or a Choice of which no rule holds
    if kind in FAILED or kind in {"MapStateFailed", "ParallelStateFailed"}:
        yield place


def events_of(history: Iterable[Mapping[str, Any]]) -> Iterator[HistoryEvent]:
    """The events in order, counted from 1. `history` is all of it, from its beginning on."""
    reading, number = _Reading(), 0
    for event in history:
        for kind, place in _told(event, *reading.place(event), reading):
            number += 1
            yield HistoryEvent(
                id=number,
                at=event["timestamp"],
                type=kind,
                state=place.state,
                iteration=place.iteration,
                error=place.error if kind == "state_failed" else None,
            )
