"""Examples of approvals for the OpenAPI document, and of what may stand against a decision."""

from typing import Any

from functions.api.routes.examples import (
    AT,
    EXECUTION_ID,
    LOG_ID,
    USER_ID,
    WORKFLOW_ID,
    WORKSPACE_ID,
    sent,
)
from promptpilot import errors
from promptpilot.errors import Problem

APPROVAL_ID = "approval_01JD8WDC0E5T7V9X1Z3B5D7F9H"

_FORM = {
    "type": "object",
    "properties": {"audience": {"enum": ["team", "company"]}},
    "required": ["audience"],
}
PENDING: dict[str, Any] = {
    "id": APPROVAL_ID,
    "workspace": WORKSPACE_ID,
    "execution_id": EXECUTION_ID,
    "workflow_id": WORKFLOW_ID,
    "log_id": LOG_ID,
    "step": "ask",
    "path": "ask",
    "iteration": None,
    "message": "Send this summary to everybody?",
    "form": _FORM,
    "role": "editor",
    "users": [],
    "status": "pending",
    "requested_at": AT,
    "expires_at": "2026-12-01T09:30:00.000Z",
    "decided_by": None,
    "decided_at": None,
    "comment": None,
    "form_values": None,
}
APPROVED = {
    **PENDING,
    "status": "approved",
    "decided_by": USER_ID,
    "decided_at": "2026-11-24T10:15:00.000Z",
    "comment": "Short and right.",
    "form_values": {"audience": "team"},
}
DECISION = sent(
    {"decision": "approve", "comment": "Short and right.", "form": {"audience": "team"}}
)

UNKNOWN = errors.NotFound(kind="approval", id=APPROVAL_ID)
NOT_ALLOWED = errors.Forbidden(action="approval:decide", role="viewer")
NOT_PENDING = errors.Conflict(reason="The approval is not pending any more: it is rejected.")
FORM_INVALID = errors.DocumentInvalid(
    reason="The form is not filled in as the approval asks; each problem is listed with its place.",
    problems=(Problem("/form/audience", "missing", "Is missing."),),
)
