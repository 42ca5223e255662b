"""Examples of controlling executions for the OpenAPI document, and of what may stand against it."""

from typing import Any

from functions.api.routes.examples import (
    AT,
    EXECUTION,
    EXECUTION_ID,
    MODEL,
    NOTES,
    USER_ID,
    WORKFLOW_ID,
    sent,
)
from promptpilot import errors
from promptpilot.errors import Problem

_OTHER_EXECUTION = "execution_01JD8X3H5K7N9Q1S3V5X7Z9B1D"
_GOING_ON: dict[str, Any] = {**EXECUTION, "status": "running", "output": None, "ended_at": None}

CANCEL = sent({"reason": "Started by mistake."})
CANCELLING = {**_GOING_ON, "cancelled_by": USER_ID, "cancel_reason": "Started by mistake."}
RESUMED = {**_GOING_ON, "resumes": 1, "resumed_at": AT}
REPLAY = sent(
    {
        "from_step": "summarize",
        "overrides": {"summarize": {"model": MODEL, "prompt_label": "staging"}},
    }
)
REPLAYED = {
    **_GOING_ON,
    "id": _OTHER_EXECUTION,
    "status": "queued",
    "input": {"notes": NOTES},
    "trigger": "replay",
    "replay_of": {"execution_id": EXECUTION_ID, "from_step": "summarize"},
    "overrides": {"summarize": {"model": MODEL, "prompt_version": "1.3.0"}},
    "started_at": None,
}
SUSPEND = sent({"cancel_running": True, "reason": "It sends the mails twice."})
SUSPENDED = {
    "id": WORKFLOW_ID,
    "suspended": {"by": USER_ID, "at": AT, "reason": "It sends the mails twice."},
}
UNSUSPENDED = {"id": WORKFLOW_ID, "suspended": None}
LIMITS = {"max_running_executions": 20}
LIMITS_SENT = sent(LIMITS)

ALIASES = {
    "aliases": {
        "cheap": ["openai/gpt-5-nano"],
        "best": ["anthropic/claude-opus-4-5", "openai/gpt-5"],
    }
}
ALIASES_SENT = sent(ALIASES)

UNKNOWN = errors.NotFound(kind="execution", id=EXECUTION_ID)
WORKFLOW_UNKNOWN = errors.NotFound(kind="workflow", id=WORKFLOW_ID)
NOT_ALLOWED = errors.Forbidden(action="execution:control", role="viewer")
NO_SUSPENDER = errors.Forbidden(action="workflow:suspend", role="runner")
NO_ADMIN = errors.Forbidden(action="limits:write", role="editor")
ENDED = errors.ExecutionEnded(ended_as="succeeded")
NOT_ENDED = errors.ExecutionNotEnded()
NOT_RESUMABLE = errors.ExecutionNotResumable()
IS_CHILD = errors.ExecutionIsChild(parent=_OTHER_EXECUTION)
LIMIT_REACHED = errors.ExecutionLimitReached(limit=20)
WORKFLOW_SUSPENDED = errors.WorkflowSuspended(workflow=WORKFLOW_ID)
ARCHIVED = errors.Archived(kind="workflow", id=WORKFLOW_ID)
REPLAY_INVALID = errors.DocumentInvalid(
    reason="The replay does not fit the execution's workflow.",
    problems=(Problem("/from_step", "step_unknown", "The workflow has no such step."),),
)
