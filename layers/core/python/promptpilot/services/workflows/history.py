"""The versions of a workflow: reading, listing and comparing them."""

from promptpilot import keys
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.workflow import WorkflowVersion
from promptpilot.domain.workflow_diff import WorkflowDiff, diff_workflows
from promptpilot.ports.table import Position, Table
from promptpilot.services.version_pages import VersionPage, version_page
from promptpilot.services.workflows.versions import WORKFLOWS, load_workflow_version


def get_version(principal: Principal, id: str, version: str, *, table: Table) -> WorkflowVersion:
    """One version. Raises `NotFound`."""
    principal.require(Action.WORKFLOW_READ)
    return load_workflow_version(principal.workspace, id, version, table=table)


def list_versions(
    principal: Principal,
    id: str,
    *,
    limit: int = 50,
    after: Position | None = None,
    table: Table,
) -> VersionPage:
    """The versions of a workflow, newest first. Raises `NotFound`."""
    principal.require(Action.WORKFLOW_READ)
    head = WORKFLOWS.load(principal.workspace, id, table=table)
    key = keys.workflow_version(principal.workspace, id)
    labels = head.subject.labels
    return version_page(key, WorkflowVersion, labels, limit=limit, after=after, table=table)


def diff_versions(
    principal: Principal, id: str, version: str, other: str, *, table: Table
) -> WorkflowDiff:
    """What changed from `version` to `other`, two versions of one workflow. Raises `NotFound`."""
    principal.require(Action.WORKFLOW_READ)
    workspace = principal.workspace
    return diff_workflows(
        load_workflow_version(workspace, id, version, table=table),
        load_workflow_version(workspace, id, other, table=table),
    )
