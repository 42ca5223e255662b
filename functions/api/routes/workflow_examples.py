"""Examples of workflows for the OpenAPI document, and of what can be wrong with them."""

from typing import Any

from functions.api.routes.examples import (
    AT,
    DIGEST,
    EXECUTION,
    NOTES,
    PROMPT_ID,
    USER_ID,
    WORKFLOW_ID,
    page,
    sent,
)
from promptpilot import errors
from promptpilot.domain.execution import MAX_INPUT_BYTES
from promptpilot.errors import Problem

__all__ = ["page"]

_STEPS: list[dict[str, Any]] = [
    {
        "id": "summarize",
        "kind": "prompt",
        "prompt": {"id": PROMPT_ID, "label": "production"},
        "with": {"notes": "{% $input.notes %}"},
    },
    {
        "id": "actions",
        "kind": "prompt",
        "prompt": {"name": "List Action Items"},
        "with": {"summary": "{% $summarize.text %}"},
    },
]
_DOCUMENT: dict[str, Any] = {
    "name": "Meeting follow-up",
    "input": {
        "type": "object",
        "properties": {"notes": {"type": "string"}},
        "required": ["notes"],
    },
    "steps": _STEPS,
    "output": "{% $actions.text %}",
}
DOCUMENT = sent(_DOCUMENT)
SUMMARY: dict[str, Any] = {
    "id": WORKFLOW_ID,
    "name": "Meeting follow-up",
    "description": None,
    "version": "1.0.0",
    "latest": "1.0.0",
    "labels": {},
    "owner": USER_ID,
    "revision": 1,
    "created_at": AT,
    "updated_at": AT,
}
STATE_MACHINE: dict[str, Any] = {
    "QueryLanguage": "JSONata",
    "StartAt": "summarize",
    "States": {
        "summarize": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Arguments": {"QueueUrl": "${StepQueueUrl}", "MessageBody": {"step": "summarize"}},
            "Assign": {"summarize": "{% $states.result %}"},
            "End": True,
        }
    },
}
EXECUTE = sent({"input": {"notes": NOTES}})
EXECUTION_QUEUED = {
    **EXECUTION,
    "status": "queued",
    "output": None,
    "started_at": None,
    "ended_at": None,
}

UNKNOWN = errors.NotFound(kind="workflow", id=WORKFLOW_ID)
BOTH_NAMED = errors.Invalid(reason="Name a version or a label, not both.")
DOCUMENT_INVALID = errors.DocumentInvalid(
    problems=(
        Problem("/steps/1/with/summary", "step_unknown", "There is no step 'summarise' before."),
    )
)
INPUT_INVALID = errors.DocumentInvalid(
    problems=(Problem("/notes", "missing", "'notes' is a required property"),)
)
INPUT_TOO_LARGE = errors.TooLarge(
    what="An execution's input", limit=MAX_INPUT_BYTES, size=2 * MAX_INPUT_BYTES
)
WORKFLOW = {
    **SUMMARY,
    **_DOCUMENT,
    "digest": DIGEST,
    "author": USER_ID,
    "bounds": {
        "model_calls": 8,
        "transitions": 8,
        "history_events": 42,
        "definition_bytes": 3121,
    },
}
