"""Drafts of workflows: documents that need not be valid yet."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api import requests
from functions.api.body import YAML, Unchecked
from functions.api.conditional import IfRevision
from functions.api.documentation import answers
from functions.api.idempotency import idempotent
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import workflow_examples as examples
from functions.api.routes.document_reply import document_reply
from functions.api.routes.workflow_reply import draft_reply
from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.domain.workflow_changes import PublishRequest, WorkflowDraft
from promptpilot.domain.workflow_record import WorkflowRecord
from promptpilot.platform import current
from promptpilot.services.workflows import drafts as workflow_drafts

router = Routes()
TAGS = ["workflow drafts"]
AS_IT_IS = PublishRequest()

AnyDocument = Annotated[
    Unchecked[WorkflowDocument], Body(media_type=YAML, openapi_examples=examples.DOCUMENT)
]


@router.post(
    "/workflows/drafts",
    summary="Begin a workflow with a draft",
    description="Make a workflow that has no version yet. Of its document, JSON or YAML, only the "
    "name has to be right; what else is wrong is told. It can be run once its draft is published.",
    operation_id="begin_workflow_draft",
    tags=TAGS,
    status_code=201,
    middlewares=[idempotent],
    responses=answers(
        201,
        "The draft, and what is wrong with it.",
        examples.DRAFT,
        headers=["ETag", "Location"],
        refusals=[examples.NAME_MISSING],
    ),
)
def begin_draft(
    request: Request, document: AnyDocument, principal: Caller
) -> Response[WorkflowDraft]:
    """Make a workflow with a draft only."""
    ports = current()
    draft = workflow_drafts.begin_draft(
        principal, document.values, table=ports.table, models=ports.models
    )
    location = requests.place(request, f"/workflows/{draft.id}/draft")
    return draft_reply(draft, status=201, location=location)


@router.put(
    "/workflows/<id>/draft",
    summary="Keep a draft",
    description="Put a document, JSON or YAML, in the place of the draft, or make one. It need not "
    "be valid: what is wrong with it is told. No version is touched. The tag is the draft's own.",
    operation_id="keep_workflow_draft",
    tags=TAGS,
    responses=answers(
        200,
        "The draft, and what is wrong with it.",
        examples.DRAFT,
        headers=["ETag"],
        refusals=[examples.UNKNOWN, examples.ARCHIVE, examples.NO_OBJECT],
    ),
)
def keep_draft(
    id: str, document: AnyDocument, principal: Caller, if_revision: IfRevision
) -> Response[WorkflowDraft]:
    """Keep a document."""
    ports = current()
    draft = workflow_drafts.keep_draft(
        principal,
        id,
        document.values,
        if_revision=if_revision,
        table=ports.table,
        models=ports.models,
    )
    return draft_reply(draft)


@router.get(
    "/workflows/<id>/draft",
    summary="Read the draft",
    description="The draft as it was sent, and what is wrong with it now: also what it refers to "
    "may have changed.",
    operation_id="read_workflow_draft",
    tags=TAGS,
    responses=answers(
        200,
        "The draft, and what is wrong with it.",
        examples.DRAFT,
        headers=["ETag"],
        refusals=[examples.NO_DRAFT],
    ),
)
def read_draft(id: str, principal: Caller) -> Response[WorkflowDraft]:
    """The draft of a workflow."""
    ports = current()
    found = workflow_drafts.get_draft(principal, id, table=ports.table, models=ports.models)
    return draft_reply(found)


@router.delete(
    "/workflows/<id>/draft",
    summary="Throw the draft away",
    description="Remove the draft; a workflow that has no version goes with it.",
    operation_id="delete_workflow_draft",
    tags=TAGS,
    responses=answers(
        200,
        "The draft as it was.",
        examples.DRAFT,
        headers=["ETag"],
        refusals=[examples.NO_DRAFT, examples.ARCHIVE],
    ),
)
def delete_draft(id: str, principal: Caller, if_revision: IfRevision) -> Response[WorkflowDraft]:
    """Remove the draft."""
    ports = current()
    deleted = workflow_drafts.delete_draft(
        principal, id, if_revision=if_revision, table=ports.table, models=ports.models
    )
    return draft_reply(deleted)


@router.post(
    "/workflows/<id>/draft/publish",
    summary="Publish the draft",
    description="Make the draft a version, checked whole and numbered as any other; then there is "
    "no draft any more. `If-Match` is the draft's tag.",
    operation_id="publish_workflow_draft",
    tags=TAGS,
    status_code=201,
    middlewares=[idempotent],
    responses=answers(
        201,
        "The workflow at its new version.",
        examples.WORKFLOW,
        headers=["ETag", "Location"],
        refusals=[
            examples.NO_DRAFT,
            examples.ARCHIVE,
            examples.NOTHING_CHANGES,
            examples.VERSION_TAKEN,
            examples.BUMP_TOO_SMALL,
            examples.DOCUMENT_INVALID,
        ],
    ),
)
def publish_draft(
    request: Request,
    id: str,
    principal: Caller,
    if_revision: IfRevision,
    asked: Annotated[PublishRequest, Body(openapi_examples=examples.PUBLISH)] = AS_IT_IS,
) -> Response[WorkflowRecord]:
    """Make the draft a version."""
    ports = current()
    record = workflow_drafts.publish_draft(
        principal,
        id,
        asked,
        if_revision=if_revision,
        table=ports.table,
        orchestrator=ports.orchestrator,
        models=ports.models,
    )
    location = requests.place(request, f"/workflows/{id}/versions/{record.version}")
    return document_reply(record, status=201, location=location)
