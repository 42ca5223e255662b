"""Versions of workflows: making, reading, listing and comparing them, and what they become."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import RootModel

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
from functions.api.routes.workflow_reply import version_reply
from promptpilot.domain.cost_bounds import CostedBounds
from promptpilot.domain.prompt_document import VersionSummary
from promptpilot.domain.workflow_changes import WorkflowVersionDraft
from promptpilot.domain.workflow_diff import WorkflowDiff
from promptpilot.domain.workflow_record import WorkflowRecord, WorkflowVersionRecord
from promptpilot.platform import current
from promptpilot.services.workflows import documents as workflows
from promptpilot.services.workflows import history as workflow_history
from promptpilot.services.workflows import publishing as workflow_publishing

router = Routes()
TAGS = ["workflow versions"]


@router.post(
    "/workflows/<id>/versions",
    summary="Create a version of a workflow",
    description="The whole document, as JSON or YAML, checked as a new one is. The number goes up "
    "by what the change calls for, or by more where you say so with `version` or `bump`; less is "
    "refused.",
    operation_id="create_workflow_version",
    tags=TAGS,
    status_code=201,
    middlewares=[idempotent],
    responses=answers(
        201,
        "The workflow at its new version.",
        examples.WORKFLOW,
        headers=["ETag", "Location"],
        refusals=[
            examples.UNKNOWN,
            examples.ARCHIVE,
            examples.NOTHING_CHANGES,
            examples.VERSION_TAKEN,
            examples.BUMP_TOO_SMALL,
            examples.DOCUMENT_INVALID,
        ],
    ),
)
def create_version(
    request: Request,
    id: str,
    draft: Annotated[
        Unchecked[WorkflowVersionDraft],
        Body(media_type=YAML, openapi_examples=examples.VERSION_DRAFT),
    ],
    principal: Caller,
    if_revision: IfRevision,
) -> Response[WorkflowRecord]:
    """Make the next version."""
    ports = current()
    values, bump = workflow_publishing.without_bump(draft.values)
    record = workflow_publishing.create_version(
        principal,
        id,
        values,
        bump=bump,
        if_revision=if_revision,
        table=ports.table,
        orchestrator=ports.orchestrator,
        models=ports.models,
    )
    location = requests.place(request, f"/workflows/{id}/versions/{record.version}")
    return document_reply(record, status=201, location=location)


@router.get(
    "/workflows/<id>/versions",
    summary="List versions of a workflow",
    description="The versions of a workflow, newest first, without their documents.",
    operation_id="list_workflow_versions",
    tags=TAGS,
    responses=answers(
        200, "One page.", examples.page(examples.VERSION_SUMMARY), refusals=[examples.UNKNOWN]
    ),
)
def list_versions(id: str, principal: Caller, asked: PageAsked) -> Listing[VersionSummary]:
    """The versions of a workflow."""
    found = workflow_history.list_versions(
        principal, id, limit=asked.limit, after=asked.after, table=current().table
    )
    return asked.page(found.items, found.next)


@router.get(
    "/workflows/<id>/versions/<version>",
    summary="Read a version of a workflow",
    description="What never changes of a version, so that it may be kept for ever: the document as "
    "it was written. With `Accept: application/yaml` the document alone, as YAML.",
    operation_id="read_workflow_version",
    tags=TAGS,
    responses=answers(
        200,
        "The version.",
        examples.VERSION,
        headers=["ETag", "Cache-Control", "Vary"],
        also={304: "You have it already."},
        refusals=[examples.UNKNOWN],
    ),
)
def read_version(
    id: str, version: str, principal: Caller, known: KnownTags, yaml: YamlWanted
) -> Response[WorkflowVersionRecord]:
    """One version."""
    found = workflow_history.get_version(principal, id, version, table=current().table)
    return version_reply(found, yaml=yaml, known=known)


@router.get(
    "/workflows/<id>/versions/<version>/diff/<other>",
    summary="Compare two versions of a workflow",
    description="What changed from the one version to the other: steps by their ids, field by "
    "field and text word by word, input, output and the rest; and which bump that calls for.",
    operation_id="diff_workflow_versions",
    tags=TAGS,
    responses=answers(200, "The difference.", examples.DIFF, refusals=[examples.UNKNOWN]),
)
def diff_versions(id: str, version: str, other: str, principal: Caller) -> WorkflowDiff:
    """The difference of two versions."""
    return workflow_history.diff_versions(principal, id, version, other, table=current().table)


class StateMachine(RootModel[dict[str, Any]]):
    """A state machine in the Amazon States Language."""


@router.get(
    "/workflows/<id>/asl",
    summary="Read a workflow's state machine",
    description="What the version is compiled to, in the Amazon States Language with JSONata.",
    operation_id="read_state_machine",
    tags=TAGS,
    responses=answers(
        200,
        "The state machine.",
        examples.STATE_MACHINE,
        refusals=[examples.UNKNOWN, examples.BOTH_NAMED, examples.UNPUBLISHED],
    ),
)
def read_state_machine(
    id: str, principal: Caller, version: VersionAsked = None, label: LabelAsked = None
) -> StateMachine:
    """The compiled form of a version."""
    asl = workflows.get_asl(principal, id, version=version, label=label, table=current().table)
    return StateMachine.model_construct(dict(asl))


@router.get(
    "/workflows/<id>/bounds",
    summary="Read what an execution can do at most",
    description="The most model calls, state transitions, history events and bytes of definition, "
    "every step tried as often as it may be, the workflows that it runs counted too. And what it "
    "can cost with the prompts and at the prices of now, in micro-dollars: about the least, where "
    "nothing fails, and the most, with every call as long as its model takes. That is null where a "
    "price or the length of an answer is not known, and then says why.",
    operation_id="read_workflow_bounds",
    tags=TAGS,
    responses=answers(
        200,
        "The bounds of the version.",
        examples.COSTED_BOUNDS,
        refusals=[examples.UNKNOWN, examples.BOTH_NAMED, examples.UNPUBLISHED],
    ),
)
def read_bounds(
    id: str, principal: Caller, version: VersionAsked = None, label: LabelAsked = None
) -> CostedBounds:
    """The bounds of a version."""
    ports = current()
    return workflows.get_bounds(
        principal, id, version=version, label=label, table=ports.table, models=ports.models
    )
