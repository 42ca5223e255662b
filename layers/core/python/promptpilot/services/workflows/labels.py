"""The labels of workflows, of those that are in use: else `Archived` is raised."""

from promptpilot.domain.event import EventType
from promptpilot.domain.workflow import Workflow, WorkflowVersion
from promptpilot.domain.workflow_record import WorkflowAt, WorkflowRecord
from promptpilot.services.labels import Labels
from promptpilot.services.workflows.versions import (
    WORKFLOWS,
    load_workflow_version,
    require_in_use,
)

_LABELS: Labels[Workflow, WorkflowVersion, WorkflowRecord] = Labels(
    WORKFLOWS,
    moved=EventType.WORKFLOW_LABEL_MOVED,
    deleted=EventType.WORKFLOW_LABEL_DELETED,
    load=load_workflow_version,
    document=lambda *at: WorkflowAt(*at).record,
    check=require_in_use,
)
move_label = _LABELS.move
delete_label = _LABELS.delete
