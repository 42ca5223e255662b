"""Events as items of the transaction that makes them true."""

from promptpilot import keys
from promptpilot.clock import epoch_ms
from promptpilot.domain.event import MAX_EVENT_BYTES, Event
from promptpilot.errors import TooLarge
from promptpilot.ports.table import Create, Item

OUTBOX = "outbox"
"""The `kind` of an outbox item; relays select by it."""

KEPT_SECONDS = 7 * 24 * 3600


def outbox(event: Event) -> Create:
    """The operation that writes `event` along with the change it tells of.

    Raises `TooLarge` over `MAX_EVENT_BYTES`: an event that no bus takes must not become true.
    """
    body = event.model_dump_json()
    size = len(body.encode())
    if size > MAX_EVENT_BYTES:
        raise TooLarge("An event", MAX_EVENT_BYTES, size)
    key = keys.outbox(event.workspace, event.subject, event.id)
    return Create(
        Item(key=key, kind=OUTBOX, body=body, expires_at=epoch_ms() // 1000 + KEPT_SECONDS)
    )
