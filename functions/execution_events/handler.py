"""What happens when executions change: their statuses, what follows from them, and the safety nets
of what a request may have begun and not finished.

Every event comes at least once, and does no harm when it comes again.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from functions.sqs_batch import Record, each_record
from promptpilot import platform
from promptpilot.domain.event import Event, EventType
from promptpilot.platform import Platform
from promptpilot.services.executions.approvals import settle_approval
from promptpilot.services.executions.queue import start_next
from promptpilot.services.executions.resume import ensure_resumed
from promptpilot.services.executions.slots import recount
from promptpilot.services.executions.start import ensure_started
from promptpilot.services.executions.status import StatusChange, apply_status, complete
from promptpilot.services.executions.stop import ensure_stopped
from promptpilot.services.executions.suspensions import Cancelling, cancel_running

STATUS_CHANGE = "Step Functions Execution Status Change"


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry: a batch of SQS records, each with an EventBridge event as its body."""
    return each_record(event, _record)


def handle(event: Mapping[str, Any], context: object = None) -> None:
    """Handle one EventBridge event of a type below; others are ignored."""
    if event["detail-type"] == STATUS_CHANGE:
        _status_changed(event["detail"], platform.current())
        return
    react = _REACTIONS.get(event["detail-type"])
    if react is not None:
        react(Event.model_validate(event["detail"]), platform.current())


def _record(record: Record) -> None:
    handle(json.loads(record["body"]))


def _status_changed(detail: Mapping[str, Any], here: Platform) -> None:
    apply_status(
        complete(StatusChange.model_validate(detail), orchestrator=here.orchestrator),
        table=here.table,
        blobs=here.blobs,
        waiter=here.waiter,
        orchestrator=here.orchestrator,
    )


def _start(event: Event, here: Platform) -> None:
    ensure_started(event.workspace, event.subject, table=here.table, orchestrator=here.orchestrator)


def _stop(event: Event, here: Platform) -> None:
    ensure_stopped(event.workspace, event.subject, table=here.table, orchestrator=here.orchestrator)


def _resume(event: Event, here: Platform) -> None:
    ensure_resumed(
        event.workspace,
        event.subject,
        event.data["resumes"],
        table=here.table,
        orchestrator=here.orchestrator,
    )


def _go_on(event: Event, here: Platform) -> None:
    start_next(event.workspace, table=here.table, orchestrator=here.orchestrator)


def _admitted(event: Event, here: Platform) -> None:
    """That one has been started long since does not say that nobody waits behind it."""
    _start(event, here)
    _go_on(event, here)


def _limit(event: Event, here: Platform) -> None:
    recount(event.workspace, table=here.table)
    _go_on(event, here)


def _cancel_all(event: Event, here: Platform) -> None:
    cancel_running(
        event.workspace,
        event.subject,
        Cancelling.model_validate(event.data),
        table=here.table,
        blobs=here.blobs,
        orchestrator=here.orchestrator,
        waiter=here.waiter,
    )


def _settle(event: Event, here: Platform) -> None:
    settle_approval(
        event.workspace,
        event.subject,
        table=here.table,
        blobs=here.blobs,
        orchestrator=here.orchestrator,
    )


_REACTIONS: dict[str, Callable[[Event, Platform], None]] = {
    EventType.EXECUTION_QUEUED: _start,
    EventType.EXECUTION_ADMITTED: _admitted,
    EventType.EXECUTION_CANCEL_REQUESTED: _stop,
    EventType.EXECUTION_RESUMED: _resume,
    EventType.WORKSPACE_LIMITS_CHANGED: _limit,
    EventType.WORKFLOW_UNSUSPENDED: _go_on,
    EventType.WORKFLOW_CANCELLING: _cancel_all,
    EventType.APPROVAL_DECIDED: _settle,
}

EVENT_TYPES = tuple(EventType(name) for name in _REACTIONS)
"""The product's own events that come here."""
