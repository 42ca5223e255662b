"""Domain events: what happened, written in the transaction that made it happen (the outbox),
published afterwards.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from promptpilot.clock import now
from promptpilot.domain.base import Model, Timestamp
from promptpilot.domain.ids import new_id

MAX_EVENT_BYTES = 100_000
"""How large an event may be as JSON: it has to pass a bus (256 KiB) and a WebSocket (128 KiB)."""


class EventType(StrEnum):
    """Every type of event; on AWS the EventBridge detail-type."""

    USER_SIGNED_UP = "user.signed_up"
    PROMPT_CREATED = "prompt.created"
    PROMPT_UPDATED = "prompt.updated"
    PROMPT_VERSION_CREATED = "prompt.version.created"
    PROMPT_LABEL_MOVED = "prompt.label.moved"
    PROMPT_LABEL_DELETED = "prompt.label.deleted"
    WORKFLOW_CREATED = "workflow.created"
    WORKFLOW_UPDATED = "workflow.updated"
    WORKFLOW_VERSION_CREATED = "workflow.version.created"
    WORKFLOW_PUBLISHED = "workflow.published"
    WORKFLOW_LABEL_MOVED = "workflow.label.moved"
    WORKFLOW_LABEL_DELETED = "workflow.label.deleted"
    WORKFLOW_ARCHIVED = "workflow.archived"
    WORKFLOW_UNARCHIVED = "workflow.unarchived"
    WORKFLOW_DELETED = "workflow.deleted"
    WORKFLOW_SUSPENDED = "workflow.suspended"
    WORKFLOW_CANCELLING = "workflow.cancelling"
    WORKFLOW_UNSUSPENDED = "workflow.unsuspended"
    WORKSPACE_LIMITS_CHANGED = "workspace.limits.changed"
    MODEL_ALIASES_CHANGED = "model.aliases.changed"
    WORKSPACE_BUDGET_CHANGED = "workspace.budget.changed"
    BUDGET_WARNED = "budget.warned"
    BUDGET_EXCEEDED = "budget.exceeded"
    EXECUTION_QUEUED = "execution.queued"
    EXECUTION_ADMITTED = "execution.admitted"
    EXECUTION_STARTED = "execution.started"
    EXECUTION_SUCCEEDED = "execution.succeeded"
    EXECUTION_FAILED = "execution.failed"
    EXECUTION_CANCELLED = "execution.cancelled"
    EXECUTION_TIMED_OUT = "execution.timed_out"
    EXECUTION_CANCEL_REQUESTED = "execution.cancel_requested"
    EXECUTION_RESUMED = "execution.resumed"
    STEP_SUCCEEDED = "execution.step.succeeded"
    STEP_FAILED = "execution.step.failed"
    APPROVAL_REQUESTED = "approval.requested"
    APPROVAL_DECIDED = "approval.decided"
    WORKSPACE_EGRESS_CHANGED = "workspace.egress.changed"
    WORKSPACE_MODEL_KEY_CHANGED = "workspace.model_key.changed"
    FEEDBACK_CREATED = "feedback.created"
    SCHEDULE_FIRED = "schedule.fired"


class Event(Model):
    """One event. `actor` is a user id or "system", `subject` the id of what changed, `data` small
    and free of contents.
    """

    id: str
    type: EventType
    workspace: str
    actor: str
    subject: str
    at: Timestamp
    data: Mapping[str, Any] = {}

    @classmethod
    def of(
        cls, type: EventType, *, workspace: str, actor: str, subject: str, **data: Any
    ) -> "Event":
        """A new event that happens now."""
        return cls(
            id=new_id("event"),
            type=type,
            workspace=workspace,
            actor=actor,
            subject=subject,
            at=now(),
            data=data,
        )
