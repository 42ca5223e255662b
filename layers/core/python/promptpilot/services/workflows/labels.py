"""The labels of workflows."""

from promptpilot.domain.event import EventType
from promptpilot.domain.principal import Principal
from promptpilot.domain.workflow import Workflow
from promptpilot.domain.workflow_record import WorkflowAt, WorkflowRecord
from promptpilot.ports import Table
from promptpilot.services.labels import Labels
from promptpilot.services.workflows.versions import (
    WORKFLOWS,
    load_workflow_version,
    require_in_use,
)


def _check(workflow: Workflow, version: str | None, table: Table) -> None:
    require_in_use(workflow)
    if version is not None:
        load_workflow_version(workflow.workspace, workflow.id, version, table=table)


_LABELS: Labels[Workflow] = Labels(
    WORKFLOWS,
    moved=EventType.WORKFLOW_LABEL_MOVED,
    deleted=EventType.WORKFLOW_LABEL_DELETED,
    check=_check,
)


def move_label(
    principal: Principal,
    id: str,
    label: str,
    version: str,
    *,
    protected: bool | None = None,
    if_revision: int | None = None,
    table: Table,
) -> WorkflowRecord:
    """Point a label at a version; the record is that version's. Raises as `Labels.move`, and
    `Archived`.
    """
    head = _LABELS.move(
        principal, id, label, version, protected=protected, if_revision=if_revision, table=table
    )
    target = load_workflow_version(principal.workspace, id, version, table=table)
    return WorkflowAt(head.subject, head.revision, target).record


def delete_label(
    principal: Principal, id: str, label: str, *, if_revision: int | None = None, table: Table
) -> WorkflowRecord:
    """Remove a label; the record is that of the version now run where nothing is named.

    Raises as `Labels.delete`, and `Archived`.
    """
    head = _LABELS.delete(principal, id, label, if_revision=if_revision, table=table)
    target = load_workflow_version(principal.workspace, id, head.default_version, table=table)
    return WorkflowAt(head.subject, head.revision, target).record
