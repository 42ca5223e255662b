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
VERSION_DRAFT = sent({**_DOCUMENT, "timeout": "2h", "message": "More time.", "bump": "patch"})
PATCH = sent({"name": "Meeting follow-up, weekly", "description": "For the weekly meeting."})
BOUNDS: dict[str, Any] = {
    "model_calls": 8,
    "transitions": 8,
    "history_events": 42,
    "definition_bytes": 3121,
}
COSTED_BOUNDS = {**BOUNDS, "cost": {"lowest_micro_usd": 12, "highest_micro_usd": 4_210_000}}
SUMMARY: dict[str, Any] = {
    "id": WORKFLOW_ID,
    "name": "Meeting follow-up",
    "description": None,
    "status": "published",
    "version": "1.0.0",
    "latest": "1.0.0",
    "labels": {},
    "protected_labels": [],
    "owner": USER_ID,
    "revision": 1,
    "created_at": AT,
    "updated_at": AT,
}
ARCHIVED = {**SUMMARY, "status": "archived", "revision": 2, "archived_at": AT}
VERSION: dict[str, Any] = {
    **_DOCUMENT,
    "id": WORKFLOW_ID,
    "version": "1.0.0",
    "digest": DIGEST,
    "bounds": BOUNDS,
    "author": USER_ID,
    "created_at": AT,
}
WORKFLOW: dict[str, Any] = {**SUMMARY, **VERSION}
VERSION_SUMMARY = {
    "version": "1.0.0",
    "digest": DIGEST,
    "author": USER_ID,
    "created_at": AT,
    "labels": ["production"],
}
DIFF: dict[str, Any] = {
    "version": "1.0.0",
    "other": "1.1.0",
    "steps": {
        "added": [
            {
                "id": "tidy",
                "path": "tidy",
                "kind": "transform",
                "fields": {"value": "{% $trim($summarize.text) %}"},
            }
        ],
        "removed": [],
        "moved": [],
        "changed": [
            {
                "id": "actions",
                "path": "actions",
                "fields": [
                    {
                        "field": "with/summary",
                        "before": "{% $summarize.text %}",
                        "after": "{% $tidy %}",
                        "text": [
                            {"op": "equal", "text": "{% $"},
                            {"op": "delete", "text": "summarize.text "},
                            {"op": "insert", "text": "tidy "},
                            {"op": "equal", "text": "%}"},
                        ],
                    }
                ],
            }
        ],
    },
    "input": [],
    "output": [],
    "fields": [],
    "required": "minor",
    "reasons": ["The step 'tidy' was added.", "The step 'actions' was changed."],
}
PROBLEM = Problem("/steps/1/with/summary", "step_unknown", "There is no step 'summarise' before.")
_PROBLEM = {"at": PROBLEM.at, "code": PROBLEM.code, "message": PROBLEM.message}
CHECK = {"valid": True, "problems": [], "bounds": BOUNDS}
DRAFT: dict[str, Any] = {
    "valid": False,
    "problems": [_PROBLEM],
    "id": WORKFLOW_ID,
    "status": "draft",
    "document": {"name": "Meeting follow-up", "steps": _STEPS},
    "revision": 1_764_000_000_000,
    "author": USER_ID,
    "updated_at": AT,
}
PUBLISH = sent({"bump": "minor", "message": "Tidies the summary first."})
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
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "PromptPilot Pro workflow",
    "type": "object",
    "required": ["name", "steps"],
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
NO_DRAFT = errors.NotFound(kind="draft", id=WORKFLOW_ID)
BOTH_NAMED = errors.Invalid(reason="Name a version or a label, not both.")
NULL_NAME = errors.Invalid(reason="`name` cannot be null; leave it out to keep it.")
ARCHIVE = errors.Archived(kind="workflow", id=WORKFLOW_ID)
UNPUBLISHED = errors.Unpublished(kind="workflow", id=WORKFLOW_ID)
NOTHING_CHANGES = errors.Conflict(reason="Nothing changed since version 1.0.0.")
VERSION_TAKEN = errors.AlreadyExists(kind="version", id="1.0.0")
BUMP_TOO_SMALL = errors.VersionBumpTooSmall(
    required="major", minimum="2.0.0", reasons=("The input 'notes' was removed.",)
)
LABEL_INVALID = errors.Invalid(reason="A label begins with a small letter.")
SUSPENDED = errors.WorkflowSuspended(workflow=WORKFLOW_ID)
DOCUMENT_INVALID = errors.DocumentInvalid(problems=(PROBLEM,))
NO_OBJECT = errors.DocumentInvalid(
    problems=(Problem("", "wrong_type", "A workflow document is an object."),)
)
UNREADABLE = errors.DocumentInvalid(
    problems=(Problem("", "yaml_invalid", "Line 3, column 7: mapping values are not allowed."),)
)
NAME_MISSING = errors.DocumentInvalid(
    problems=(Problem("/name", "missing", "Is needed, also for a draft: one line."),)
)
INPUT_INVALID = errors.DocumentInvalid(
    problems=(Problem("/notes", "missing", "'notes' is a required property"),)
)
INPUT_TOO_LARGE = errors.TooLarge(
    what="An execution's input", limit=MAX_INPUT_BYTES, size=2 * MAX_INPUT_BYTES
)
