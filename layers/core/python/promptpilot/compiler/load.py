"""How much a part of a workflow can make an execution do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """The most model calls, transitions (states entered and retries) and history events."""

    model_calls: int = 0
    transitions: int = 0
    history_events: int = 0

    def __add__(self, other: "Load") -> "Load":
        return Load(
            self.model_calls + other.model_calls,
            self.transitions + other.transitions,
            self.history_events + other.history_events,
        )


EXECUTION = Load(history_events=2)
"""An execution's start and end."""

PASS = Load(transitions=1, history_events=2)
"""A state that only assigns: entered, exited."""
