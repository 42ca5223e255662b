"""Labels of workflows: movable pointers to versions."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api.conditional import IfRevision
from functions.api.documentation import answers
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import workflow_examples as examples
from functions.api.routes.document_reply import document_reply
from functions.api.routes.label_move import LABEL_UNKNOWN, LabelMove
from functions.api.routes.prompt_examples import LABEL_MOVE
from promptpilot.domain.workflow_record import WorkflowRecord
from promptpilot.platform import current
from promptpilot.services.workflows import labels as workflow_labels

router = Routes()
TAGS = ["labels"]


@router.put(
    "/workflows/<id>/labels/<label>",
    summary="Move a label of a workflow",
    description="Point a label at a version, and make it where it is new. Moving `production` back "
    "is a rollback. Executions that have begun stay with their version.",
    operation_id="move_workflow_label",
    tags=TAGS,
    responses=answers(
        200,
        "The workflow at the version that the label points to.",
        examples.WORKFLOW,
        headers=["ETag"],
        refusals=[examples.UNKNOWN, examples.LABEL_INVALID, examples.ARCHIVE],
    ),
)
def move_label(
    id: str,
    label: str,
    move: Annotated[LabelMove, Body(openapi_examples=LABEL_MOVE)],
    principal: Caller,
    if_revision: IfRevision,
) -> Response[WorkflowRecord]:
    """Point a label at a version."""
    record = workflow_labels.move_label(
        principal,
        id,
        label,
        move.version,
        protected=move.protected,
        if_revision=if_revision,
        table=current().table,
    )
    return document_reply(record)


@router.delete(
    "/workflows/<id>/labels/<label>",
    summary="Delete a label of a workflow",
    description="Remove a label; the version it points to stays.",
    operation_id="delete_workflow_label",
    tags=TAGS,
    responses=answers(
        200,
        "The workflow at the version that is run where nothing is named.",
        examples.WORKFLOW,
        headers=["ETag"],
        refusals=[LABEL_UNKNOWN, examples.ARCHIVE],
    ),
)
def delete_label(
    id: str, label: str, principal: Caller, if_revision: IfRevision
) -> Response[WorkflowRecord]:
    """Remove a label."""
    record = workflow_labels.delete_label(
        principal, id, label, if_revision=if_revision, table=current().table
    )
    return document_reply(record)
