"""Where a workflow is found, and what it says."""

from typing import Any

from tests.handlers.here import workflow_document

YAML = "application/yaml"


def path_of(workflow: Any) -> str:
    return f"/workflows/{workflow['id']}"


def document_of(workflow: Any, **changes: Any) -> dict[str, Any]:
    """The document of a workflow that `make_workflow` has made, with changes."""
    return {**workflow_document(workflow["steps"][0]["prompt"]["id"]), **changes}
