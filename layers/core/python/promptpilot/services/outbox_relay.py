"""From the outbox to the bus: each event at least once, in order per subject."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from promptpilot.domain.event import MAX_EVENT_BYTES, Event
from promptpilot.errors import Unavailable
from promptpilot.ports.event_bus import EventBus
from promptpilot.ports.table import Item

logger = logging.getLogger(__name__)

TOGETHER = 10
"""How many events are handed to the bus at once, and so at most published again when it fails: as
many as EventBridge takes in one request.
"""


@dataclass(frozen=True, slots=True)
class Relayed:
    """What became of some outbox items: `done` of them, from the first on, need not come again."""

    done: int
    unpublishable: tuple[Item, ...] = ()
    """Those of the `done` that hold no event that a bus can take, and never will."""


def relay(items: Sequence[Item], *, bus: EventBus) -> Relayed:
    """Publish the events of these outbox items in order, as far as the bus takes them.

    An unpublishable item must not hold up those behind it: it is logged as an error, passed over,
    and left to whoever keeps the outbox.
    """
    unpublishable: list[Item] = []
    for done in range(0, len(items), TOGETHER):
        together = [(item, _event(item)) for item in items[done : done + TOGETHER]]
        try:
            bus.publish([event for _, event in together if event is not None])
        except Unavailable as error:
            logger.warning("events put off", extra={"reason": str(error)})
            return Relayed(done, tuple(unpublishable))
        unpublishable += [item for item, event in together if event is None]
    return Relayed(len(items), tuple(unpublishable))


def _event(item: Item) -> Event | None:
    try:
        event = Event.model_validate_json(item.body)
    except ValidationError:
        event = None  # what is wrong would be told with the body, which may hold anything
    if event is not None and len(item.body.encode()) <= MAX_EVENT_BYTES:
        return event
    place = {"partition": item.key.partition, "sort": item.key.sort}
    logger.error("event cannot be published", extra=place)
    return None
