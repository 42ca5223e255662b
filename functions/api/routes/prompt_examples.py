"""Examples of prompts for the OpenAPI document, and of what can be wrong with them."""

from typing import Any

from functions.api.routes.examples import (
    AT,
    DIGEST,
    LOG,
    LOG_ID,
    MODEL,
    NOTES,
    PROMPT_ID,
    USER_ID,
    page,
    sent,
)
from functions.api.routes.examples import (
    SUMMARY as OUTPUT,
)
from promptpilot import errors
from promptpilot.errors import Problem

__all__ = ["LOG_ID", "page"]

_CONTENT = "Summarize the following notes: {{notes}}"
_METADATA = {"category": "summarization", "tags": ["meeting", "summary"]}
_NAME = "Summarize Meeting Notes"
_SETTINGS: dict[str, Any] = {
    "temperature": 0.2,
    "top_p": None,
    "max_tokens": 160,
    "stop": [],
    "seed": None,
}

DRAFT = sent(
    {
        "name": _NAME,
        "content": _CONTENT,
        "variables": ["notes"],
        "metadata": _METADATA,
        "model": MODEL,
        "version": "1.2.0",
    }
)
VERSION_DRAFT = sent(
    {"content": "Summarize in one sentence: {{notes}}", "message": "Shorter.", "bump": "minor"}
)
VERSION: dict[str, Any] = {
    "id": PROMPT_ID,
    "version": "1.2.0",
    "digest": DIGEST,
    "content": _CONTENT,
    "variables": ["notes"],
    "model": MODEL,
    "settings": _SETTINGS,
    "includes": {},
    "author": USER_ID,
    "created_at": AT,
}
PROMPT: dict[str, Any] = {
    **VERSION,
    "name": _NAME,
    "metadata": _METADATA,
    "labels": {"production": "1.2.0"},
    "protected_labels": [],
    "latest": "1.2.0",
    "revision": 7,
    "updated_at": AT,
}
FORK = {
    **PROMPT,
    "id": "prompt_01JD8WJ5K7M9N1P3Q5R7S9T1V3",
    "name": f"{_NAME} (fork)",
    "version": "1.0.0",
    "latest": "1.0.0",
    "labels": {},
    "revision": 1,
    "forked_from": {"prompt": PROMPT_ID, "version": "1.2.0", "digest": DIGEST},
}
FORK_DRAFT = sent({"name": f"{_NAME}, in German", "version": "1.2.0"})
PATCH = sent({"folder": "meetings", "metadata": {**_METADATA, "description": "For stand-ups."}})
SUMMARY = {
    "id": PROMPT_ID,
    "name": _NAME,
    "metadata": _METADATA,
    "version": "1.2.0",
    "latest": "1.2.0",
    "labels": {"production": "1.2.0"},
    "revision": 7,
    "created_at": AT,
    "updated_at": AT,
}
VERSION_SUMMARY = {
    "version": "1.2.0",
    "digest": DIGEST,
    "author": USER_ID,
    "created_at": AT,
    "labels": ["production"],
}
DIFF: dict[str, Any] = {
    "version": "1.1.0",
    "other": "1.2.0",
    "content": [
        {"op": "equal", "text": "Summarize the "},
        {"op": "delete", "text": "meeting"},
        {"op": "insert", "text": "following"},
        {"op": "equal", "text": " notes: {{notes}}"},
    ],
    "variables": {"added": [], "removed": [], "changed": []},
    "fields": [{"field": "settings/max_tokens", "before": 80, "after": 160}],
    "required": "patch",
    "reasons": ["the text changed"],
}
LABEL_MOVE = sent({"version": "1.2.0"})
_VARIABLES = {"variables": {"notes": NOTES}}
RENDER = sent({**_VARIABLES, "label": "production"})
RENDERED = {
    "text": f"Summarize the following notes: {NOTES}",
    "version": "1.2.0",
    "digest": DIGEST,
}
RUN_REQUEST = sent({**_VARIABLES, "model": MODEL})
RUN = {
    "output": OUTPUT,
    "log": {
        **LOG,
        "id": "log_01JD8WKB8D0F2G4H6J8K0M2N4P_1",
        "execution_id": None,
        "workflow_id": None,
        "step": "run",
        "path": "run",
    },
}

UNKNOWN = errors.NotFound(kind="prompt", id=PROMPT_ID)
BOTH_NAMED = errors.Invalid(reason="Name a version or a label, not both.")
NULL_NAME = errors.Invalid(reason="`name` cannot be null; leave it out to keep it.")
LABEL_INVALID = errors.Invalid(reason="A label begins with a small letter.")
NOTHING_CHANGES = errors.Conflict(reason="The new version would be the same as the latest.")
VERSION_TAKEN = errors.AlreadyExists(kind="version", id="1.2.0")
TEMPLATE_INVALID = errors.TemplateInvalid(
    reason="unexpected end of input", line=3, column=14, template="content"
)
VARIABLES_DISAGREE = errors.DocumentInvalid(
    problems=(Problem("/variables", "variable_not_declared", "The text uses 'notes', undeclared."),)
)
BUMP_TOO_SMALL = errors.VersionBumpTooSmall(
    required="major", minimum="2.0.0", reasons=("the variable 'notes' was removed",)
)
VARIABLES_INVALID = errors.VariablesInvalid(
    missing=("notes",), unknown=("note",), wrong={"limit": "is not an integer"}
)
RENDER_FAILED = errors.RenderFailed(reason="undefined value", line=2, template="content")
