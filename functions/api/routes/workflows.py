"""Workflows: making, reading, listing, renaming and archiving them."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from functions.api import requests
from functions.api.body import YAML, Unchecked
from functions.api.conditional import IfRevision, KnownTags
from functions.api.documentation import answers
from functions.api.idempotency import idempotent
from functions.api.negotiation import YamlWanted
from functions.api.paging import Listing, PageAsked
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import workflow_examples as examples
from functions.api.routes.document_reply import document_reply
from functions.api.routes.parameters import LabelAsked, VersionAsked
from functions.api.routes.workflow_reply import summary_reply, workflow_reply
from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.domain.workflow_changes import WorkflowPatch
from promptpilot.domain.workflow_record import WorkflowRecord, WorkflowSummary
from promptpilot.platform import current
from promptpilot.services.workflows import documents as workflows

router = Routes()
TAGS = ["workflows"]


@router.post(
    "/workflows",
    summary="Create a workflow",
    description="A workflow document, as JSON or YAML. It is checked whole: every problem is told, "
    "with its place. The answer says how much an execution can do at most.",
    operation_id="create_workflow",
    tags=TAGS,
    status_code=201,
    middlewares=[idempotent],
    responses=answers(
        201,
        "The workflow at its first version.",
        examples.WORKFLOW,
        headers=["ETag", "Location"],
        refusals=[examples.DOCUMENT_INVALID],
    ),
)
def create_workflow(
    request: Request,
    document: Annotated[
        Unchecked[WorkflowDocument], Body(media_type=YAML, openapi_examples=examples.DOCUMENT)
    ],
    principal: Caller,
) -> Response[WorkflowRecord]:
    """Make a workflow."""
    ports = current()
    record = workflows.create_workflow(
        principal,
        document.values,
        table=ports.table,
        orchestrator=ports.orchestrator,
        models=ports.models,
    )
    location = requests.place(request, f"/workflows/{record.id}")
    return document_reply(record, status=201, location=location)


@router.get(
    "/workflows/<id>",
    summary="Read a workflow",
    description="The workflow at the version named, or at the one a label points to; with neither "
    "at `production` where that label is set, else at the latest. With `Accept: application/yaml` "
    "the document alone, as YAML.",
    operation_id="read_workflow",
    tags=TAGS,
    responses=answers(
        200,
        "The workflow at that version.",
        examples.WORKFLOW,
        headers=["ETag", "Cache-Control", "Vary"],
        also={304: "You have it already."},
        refusals=[examples.UNKNOWN, examples.BOTH_NAMED, examples.UNPUBLISHED],
    ),
)
def read_workflow(
    id: str,
    principal: Caller,
    known: KnownTags,
    yaml: YamlWanted,
    version: VersionAsked = None,
    label: LabelAsked = None,
) -> Response[WorkflowRecord]:
    """A workflow at one version."""
    found = workflows.find_workflow(
        principal, id, version=version, label=label, table=current().table
    )
    return workflow_reply(found, yaml=yaml, known=known)


@router.get(
    "/workflows",
    summary="List workflows",
    description="Workflows of the workspace, newest first, without their steps; those that have a "
    "draft only as well. A page may be short and still have a next one.",
    operation_id="list_workflows",
    tags=TAGS,
    responses=answers(200, "One page.", examples.page(examples.SUMMARY)),
)
def list_workflows(
    principal: Caller,
    asked: PageAsked,
    archived: Annotated[bool, Query(description="Those in the archive as well.")] = False,
) -> Listing[WorkflowSummary]:
    """Workflows, newest first."""
    found = workflows.list_workflows(
        principal,
        archived=archived,
        limit=asked.limit,
        after=asked.after,
        table=current().table,
    )
    return asked.page(found.items, found.next)


@router.patch(
    "/workflows/<id>",
    summary="Change a workflow",
    description="Change its name or description without a new version. The next version brings the "
    "name and description of its document. Without `If-Match` the last change wins.",
    operation_id="update_workflow",
    tags=TAGS,
    responses=answers(
        200,
        "The workflow as it is now.",
        examples.WORKFLOW,
        headers=["ETag"],
        refusals=[
            examples.UNKNOWN,
            examples.NULL_NAME,
            examples.ARCHIVE,
            examples.UNPUBLISHED,
        ],
    ),
)
def update_workflow(
    id: str,
    patch: Annotated[WorkflowPatch, Body(openapi_examples=examples.PATCH)],
    principal: Caller,
    if_revision: IfRevision,
) -> Response[WorkflowRecord]:
    """Change what needs no version."""
    record = workflows.update_workflow(
        principal, id, patch, if_revision=if_revision, table=current().table
    )
    return document_reply(record)


@router.post(
    "/workflows/<id>/archive",
    summary="Archive a workflow",
    description="Take it out of use: it can be read, and neither changed nor run, and lists leave "
    "it out. Executions that have begun go on. Again is fine.",
    operation_id="archive_workflow",
    tags=TAGS,
    responses=answers(
        200,
        "The workflow as it is now.",
        examples.ARCHIVED,
        headers=["ETag"],
        refusals=[examples.UNKNOWN],
    ),
)
def archive_workflow(
    id: str, principal: Caller, if_revision: IfRevision
) -> Response[WorkflowSummary]:
    """Into the archive."""
    return summary_reply(
        workflows.archive_workflow(principal, id, if_revision=if_revision, table=current().table)
    )


@router.post(
    "/workflows/<id>/unarchive",
    summary="Take a workflow out of the archive",
    description="Take it into use again. Again is fine.",
    operation_id="unarchive_workflow",
    tags=TAGS,
    responses=answers(
        200,
        "The workflow as it is now.",
        examples.SUMMARY,
        headers=["ETag"],
        refusals=[examples.UNKNOWN],
    ),
)
def unarchive_workflow(
    id: str, principal: Caller, if_revision: IfRevision
) -> Response[WorkflowSummary]:
    """Out of the archive."""
    return summary_reply(
        workflows.unarchive_workflow(principal, id, if_revision=if_revision, table=current().table)
    )
