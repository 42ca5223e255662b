"""What happens when executions change: the only writer of their statuses, and the safety net of
their start.
"""

from collections.abc import Callable, Mapping
from typing import Any

from promptpilot import platform
from promptpilot.domain.event import Event, EventType
from promptpilot.services.execution_status import StatusChange, apply_status
from promptpilot.services.executions import ensure_started


def handler(event: Mapping[str, Any], context: object) -> None:
    """Lambda's entry: `event` is one EventBridge event of a type below; others are ignored."""
    handle = _HANDLERS.get(event["detail-type"])
    if handle is not None:
        handle(event["detail"])


def _status_changed(detail: Mapping[str, Any]) -> None:
    here = platform.current()
    change = StatusChange.model_validate(detail)
    apply_status(change, table=here.table, blobs=here.blobs, waiter=here.waiter)


def _queued(detail: Mapping[str, Any]) -> None:
    here = platform.current()
    event = Event.model_validate(detail)
    ensure_started(event.workspace, event.subject, table=here.table, orchestrator=here.orchestrator)


_HANDLERS: dict[str, Callable[[Mapping[str, Any]], None]] = {
    "Step Functions Execution Status Change": _status_changed,
    EventType.EXECUTION_QUEUED: _queued,
}
