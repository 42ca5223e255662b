"""The versions of a workflow: reading, listing and comparing them."""

from promptpilot import keys
from promptpilot.domain.base import Model
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt_document import VersionSummary
from promptpilot.domain.workflow import WorkflowVersion
from promptpilot.domain.workflow_diff import WorkflowDiff, diff_workflows
from promptpilot.ports import Position, Table
from promptpilot.services.workflows.versions import WORKFLOWS, load_workflow_version


class WorkflowVersionPage(Model):
    """Versions of one workflow, newest first, without their documents."""

    items: tuple[VersionSummary, ...]
    next: Position | None = None


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
) -> WorkflowVersionPage:
    """The versions of a workflow, newest first. Raises `NotFound`."""
    principal.require(Action.WORKFLOW_READ)
    head = WORKFLOWS.load(principal.workspace, id, table=table)
    key = keys.workflow_version(principal.workspace, id)
    page = table.query(key.partition, prefix=key.sort, limit=limit, after=after, descending=True)
    versions = (WorkflowVersion.model_validate_json(item.body) for item in page.items)
    items = tuple(VersionSummary.of(version, head.subject.labels) for version in versions)
    return WorkflowVersionPage(items=items, next=page.next)


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
