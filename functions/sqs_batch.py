"""Batches of a queue's messages, of which each fails for itself."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

logger = logging.getLogger(__name__)

Record = Mapping[str, Any]


def each_record(event: Mapping[str, Any], handle: Callable[[Record], None]) -> dict[str, Any]:
    """Handle the records of an SQS event one after another; answers those to deliver again."""
    failures = []
    for record in event["Records"]:
        try:
            handle(record)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are not to suffer
            log_failure(record, error)
            failures.append(record)
    return to_deliver_again(failures)


def to_deliver_again(records: list[Record]) -> dict[str, Any]:
    """The answer that reports these records as failed."""
    return {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in records]}


def log_failure(record: Record, error: BaseException) -> None:
    """Tell operators which message failed and why, without what is in it."""
    told: dict[str, Any] = {"message_id": record["messageId"]}
    if isinstance(error, ValidationError):  # its text and its trace show what was given
        wrong = error.errors(include_url=False, include_input=False, include_context=False)
        told["wrong"] = [f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in wrong]
        logger.error("message is malformed", extra=told)
    else:
        logger.error("message failed", extra=told, exc_info=error)
