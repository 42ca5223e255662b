"""Where domain events go."""

from collections.abc import Callable, Sequence
from typing import Protocol

from promptpilot.domain.event import Event, EventType

Hears = Callable[[EventType], bool]
"""Whether anybody would be told of an event of that type now."""


def everything(type: EventType) -> bool:
    """There may be somebody for every type."""
    return True


class EventBus(Protocol):
    """Takes the domain events that the outbox relay reads."""

    def publish(self, events: Sequence[Event]) -> None:
        """Hand events on, each at least once, in order per subject.

        Raises `Unavailable` where some may not have been taken: all are to be published again.
        """
        ...
