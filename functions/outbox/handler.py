"""From the table's stream to the event bus."""

import logging
from collections.abc import Mapping
from typing import Any

from promptpilot.adapters.aws.dynamo_items import stored_item
from promptpilot.platform import current
from promptpilot.ports.table import Item
from promptpilot.services.outbox import OUTBOX
from promptpilot.services.outbox_relay import relay

Record = Mapping[str, Any]

logger = logging.getLogger(__name__)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry: a batch of one shard of the stream, with new images, oldest first.

    Answers the sequence number of the first event that could not be published; the stream delivers
    that one and all behind it again. What has been published stays in the table until it expires.
    """
    found = [(record, item) for record in event["Records"] if (item := _outbox_item(record))]
    done = relay([item for _, item in found], bus=current().event_bus).done
    return {"batchItemFailures": [_failure(record) for record, _ in found[done : done + 1]]}


def _outbox_item(record: Record) -> Item | None:
    """The outbox item that the record tells of. The event source lets no other through; it is
    asked again here, so that its filter decides what is paid for and not what is right.
    """
    image = record.get("dynamodb", {}).get("NewImage", {})
    if record.get("eventName") != "INSERT" or image.get("kind") != {"S": OUTBOX}:
        return None
    try:
        return stored_item(image)
    except (KeyError, ValueError):
        # Not one that the product wrote. Delivering it again would change nothing.
        logger.exception("outbox item cannot be read", extra={"event_id": record.get("eventID")})
        return None


def _failure(record: Record) -> dict[str, str]:
    return {"itemIdentifier": record["dynamodb"]["SequenceNumber"]}
