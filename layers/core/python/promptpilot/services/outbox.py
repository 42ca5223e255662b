"""Events as items of the transaction that makes them true."""

from promptpilot import keys
from promptpilot.clock import epoch_ms
from promptpilot.domain.event import Event
from promptpilot.ports import Create, Item

OUTBOX = "outbox"
"""The `kind` of an outbox item; relays select by it."""

KEPT_SECONDS = 7 * 24 * 3600


def outbox(event: Event) -> Create:
    """The operation that writes `event` along with the change it tells of."""
    key = keys.outbox(event.workspace, event.subject, event.id)
    expires_at = epoch_ms() // 1000 + KEPT_SECONDS
    return Create(Item(key=key, kind=OUTBOX, body=event.model_dump_json(), expires_at=expires_at))
