"""A domain event in EventBridge's words: what the bus is given, and what its rules hand on."""

from datetime import UTC
from typing import Any

from promptpilot.domain.event import Event

SOURCE = "promptpilot"


def bus_entry(event: Event) -> dict[str, Any]:
    """The event as an entry of `PutEvents`. The detail is the event itself, `id` and all: by that
    one a receiver knows it again, since the bus gives every entry another.
    """
    return {
        "Source": SOURCE,
        "DetailType": event.type.value,
        "Detail": event.model_dump_json(),
        "Time": event.at,
        "Resources": [],
    }


def bus_event(event: Event) -> dict[str, Any]:
    """The event as a rule's target gets it."""
    return {
        "version": "0",
        "id": event.id,
        "source": SOURCE,
        "detail-type": event.type.value,
        "account": "",
        "region": "",
        "time": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resources": [],
        "detail": event.model_dump(mode="json"),
    }
