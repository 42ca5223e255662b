"""What happens when executions change: the only writer of their statuses, and the safety net of
their start.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from functions.sqs_batch import Record, each_record
from promptpilot import platform
from promptpilot.domain.event import Event, EventType
from promptpilot.services.execution_status import StatusChange, apply_status, complete
from promptpilot.services.executions import ensure_started


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry: a batch of SQS records, each with an EventBridge event as its body."""
    return each_record(event, _record)


def handle(event: Mapping[str, Any], context: object = None) -> None:
    """Handle one EventBridge event of a type below; others are ignored."""
    change = _HANDLERS.get(event["detail-type"])
    if change is not None:
        change(event["detail"])


def _record(record: Record) -> None:
    handle(json.loads(record["body"]))


def _status_changed(detail: Mapping[str, Any]) -> None:
    here = platform.current()
    change = complete(StatusChange.model_validate(detail), orchestrator=here.orchestrator)
    apply_status(change, table=here.table, blobs=here.blobs, waiter=here.waiter)


def _queued(detail: Mapping[str, Any]) -> None:
    here = platform.current()
    event = Event.model_validate(detail)
    ensure_started(event.workspace, event.subject, table=here.table, orchestrator=here.orchestrator)


_HANDLERS: dict[str, Callable[[Mapping[str, Any]], None]] = {
    "Step Functions Execution Status Change": _status_changed,
    EventType.EXECUTION_QUEUED: _queued,
}
