"""The event bus of one process: rules call handlers, with events of EventBridge's shape."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from promptpilot.domain.event import Event, EventType

Handler = Callable[[Mapping[str, Any], object], None]

SOURCE = "promptpilot"


class LocalEventBus:
    """An `EventBus` that hands every event to the handlers that its type's rule names."""

    def __init__(self, rules: Mapping[EventType, Sequence[Handler]]) -> None:
        self._rules = rules

    def publish(self, events: Sequence[Event]) -> None:
        """Call the handlers in order; the first that raises ends the call, to be repeated."""
        for event in events:
            for handler in self._rules.get(event.type, ()):
                handler(_envelope(event), None)


def _envelope(event: Event) -> dict[str, Any]:
    return {
        "version": "0",
        "id": event.id,
        "source": SOURCE,
        "detail-type": event.type,
        "time": event.at.isoformat(),
        "detail": event.model_dump(mode="json"),
    }
