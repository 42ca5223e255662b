"""Labels of prompts: movable pointers to versions."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api.conditional import IfRevision
from functions.api.documentation import answers
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import prompt_examples as examples
from functions.api.routes.document_reply import document_reply
from functions.api.routes.label_move import LABEL_UNKNOWN, LabelMove
from promptpilot.domain.prompt_document import PromptDocument
from promptpilot.platform import current
from promptpilot.services.prompts import labels as prompt_labels

router = Routes()
TAGS = ["labels"]


@router.put(
    "/prompts/<id>/labels/<label>",
    summary="Move a label",
    description="Point a label at a version, and make it where it is new. Moving `production` back "
    "is a rollback.",
    operation_id="move_label",
    tags=TAGS,
    responses=answers(
        200,
        "The prompt at the version that the label points to.",
        examples.PROMPT,
        headers=["ETag"],
        refusals=[examples.UNKNOWN, examples.LABEL_INVALID],
    ),
)
def move_label(
    id: str,
    label: str,
    move: Annotated[LabelMove, Body(openapi_examples=examples.LABEL_MOVE)],
    principal: Caller,
    if_revision: IfRevision,
) -> Response[PromptDocument]:
    """Point a label at a version."""
    document = prompt_labels.move_label(
        principal,
        id,
        label,
        move.version,
        protected=move.protected,
        if_revision=if_revision,
        table=current().table,
    )
    return document_reply(document)


@router.delete(
    "/prompts/<id>/labels/<label>",
    summary="Delete a label",
    description="Remove a label; the version it points to stays.",
    operation_id="delete_label",
    tags=TAGS,
    responses=answers(
        200,
        "The prompt at the version that is read where nothing is named.",
        examples.PROMPT,
        headers=["ETag"],
        refusals=[LABEL_UNKNOWN],
    ),
)
def delete_label(
    id: str, label: str, principal: Caller, if_revision: IfRevision
) -> Response[PromptDocument]:
    """Remove a label."""
    document = prompt_labels.delete_label(
        principal, id, label, if_revision=if_revision, table=current().table
    )
    return document_reply(document)
