"""The event bus of one process: rules call handlers, with events of EventBridge's shape."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from promptpilot.bus_event import bus_event
from promptpilot.domain.event import Event, EventType
from promptpilot.errors import Unavailable

Handler = Callable[[Mapping[str, Any], object], object]

ATTEMPTS = 3
"""How often a handler is called that fails by a mistake of its own, as often as from a queue."""

logger = logging.getLogger(__name__)


def nobody() -> Sequence[Handler]:
    """No handlers."""
    return ()


class LocalEventBus:
    """An `EventBus` that hands every event to the handlers that its type's rule names, and to those
    that `everything` names at that moment, whatever the type.
    """

    def __init__(
        self,
        rules: Mapping[EventType, Sequence[Handler]],
        *,
        everything: Callable[[], Sequence[Handler]] = nobody,
    ) -> None:
        self._rules = rules
        self._everything = everything

    def hears(self, type: EventType) -> bool:
        """Whether an event of that type would be handed to anybody now."""
        return bool(self._rules.get(type) or self._everything())

    def publish(self, events: Sequence[Event]) -> None:
        """Call the handlers in order. The first that raises `Unavailable` ends the call, to be
        repeated. One that fails otherwise is called a few times and then passed over, as a queue
        gives up a message: it would hold up all that comes after.
        """
        for event in events:
            handlers = (*self._rules.get(event.type, ()), *self._everything())
            if handlers:
                told = bus_event(event)
                for handler in handlers:
                    _call(handler, told)


def _call(handler: Handler, event: Mapping[str, Any]) -> None:
    for left in reversed(range(ATTEMPTS)):
        try:
            handler(event, None)
        except Unavailable:
            raise
        except Exception:
            logger.exception("event handler failed", extra={"event": event["id"], "left": left})
        else:
            return
