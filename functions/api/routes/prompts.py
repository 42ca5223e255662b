"""Prompts: making, reading, listing, changing and forking them."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from functions.api import requests
from functions.api.conditional import IfRevision, KnownTags
from functions.api.documentation import answers
from functions.api.idempotency import idempotent
from functions.api.paging import Listing, PageAsked
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import prompt_examples as examples
from functions.api.routes.document_reply import document_reply
from functions.api.routes.parameters import LabelAsked, VersionAsked
from promptpilot.domain.prompt_document import (
    ForkDraft,
    PromptDocument,
    PromptDraft,
    PromptPatch,
    PromptSummary,
)
from promptpilot.platform import current
from promptpilot.services.prompts import documents as prompts
from promptpilot.services.prompts.documents import PromptFilters

router = Routes()
TAGS = ["prompts"]
AS_IT_IS = ForkDraft()


@router.post(
    "/prompts",
    summary="Create a prompt",
    description="Make a prompt and its first version. The variables that the text uses and those "
    "that are declared must agree.",
    operation_id="create_prompt",
    tags=TAGS,
    status_code=201,
    middlewares=[idempotent],
    responses=answers(
        201,
        "The prompt at its first version.",
        examples.PROMPT,
        headers=["ETag", "Location"],
        refusals=[examples.TEMPLATE_INVALID, examples.VARIABLES_DISAGREE],
    ),
)
def create_prompt(
    request: Request,
    draft: Annotated[PromptDraft, Body(openapi_examples=examples.DRAFT)],
    principal: Caller,
) -> Response[PromptDocument]:
    """Make a prompt."""
    ports = current()
    document = prompts.create_prompt(principal, draft, table=ports.table, models=ports.models)
    location = requests.place(request, f"/prompts/{document.id}")
    return document_reply(document, status=201, location=location)


@router.get(
    "/prompts/<id>",
    summary="Read a prompt",
    description="The prompt at the version named, or at the one a label points to; with neither at "
    "`production` where that label is set, else at the latest.",
    operation_id="read_prompt",
    tags=TAGS,
    responses=answers(
        200,
        "The prompt at that version.",
        examples.PROMPT,
        headers=["ETag", "Cache-Control"],
        also={304: "You have it already."},
        refusals=[examples.UNKNOWN, examples.BOTH_NAMED],
    ),
)
def read_prompt(
    id: str,
    principal: Caller,
    known: KnownTags,
    version: VersionAsked = None,
    label: LabelAsked = None,
) -> Response[PromptDocument]:
    """A prompt at one version."""
    document = prompts.get_prompt(
        principal, id, version=version, label=label, table=current().table
    )
    return document_reply(document, known=known)


@router.get(
    "/prompts",
    summary="List prompts",
    description="Prompts of the workspace, newest first, without their contents. All filters that "
    "are set must hold; a page may be short and still have a next one.",
    operation_id="list_prompts",
    tags=TAGS,
    responses=answers(200, "One page.", examples.page(examples.SUMMARY)),
)
def list_prompts(
    principal: Caller,
    asked: PageAsked,
    tag: Annotated[str | None, Query(max_length=100, description="With this tag.")] = None,
    category: Annotated[str | None, Query(max_length=200, description="Of this category.")] = None,
    q: Annotated[
        str | None, Query(max_length=200, description="With this in the name or description.")
    ] = None,
    folder: Annotated[
        str | None, Query(max_length=500, description="In this folder or below it.")
    ] = None,
) -> Listing[PromptSummary]:
    """Prompts, newest first."""
    found = prompts.list_prompts(
        principal,
        filters=PromptFilters(tag=tag, category=category, q=q, folder=folder),
        limit=asked.limit,
        after=asked.after,
        table=current().table,
    )
    return asked.page(found.items, found.next)


@router.patch(
    "/prompts/<id>",
    summary="Change a prompt",
    description="Change its name, folder or metadata, which have no versions. Without `If-Match` "
    "the last change wins.",
    operation_id="update_prompt",
    tags=TAGS,
    responses=answers(
        200,
        "The prompt as it is now.",
        examples.PROMPT,
        headers=["ETag"],
        refusals=[examples.UNKNOWN, examples.NULL_NAME],
    ),
)
def update_prompt(
    id: str,
    patch: Annotated[PromptPatch, Body(openapi_examples=examples.PATCH)],
    principal: Caller,
    if_revision: IfRevision,
) -> Response[PromptDocument]:
    """Change what has no versions."""
    document = prompts.update_prompt(
        principal, id, patch, if_revision=if_revision, table=current().table
    )
    return document_reply(document)


@router.post(
    "/prompts/<id>/fork",
    summary="Fork a prompt",
    description="Copy a version as version 1.0.0 of a new prompt, which remembers where it is "
    "from.",
    operation_id="fork_prompt",
    tags=TAGS,
    status_code=201,
    middlewares=[idempotent],
    responses=answers(
        201,
        "The new prompt.",
        examples.FORK,
        headers=["ETag", "Location"],
        refusals=[examples.UNKNOWN, examples.BOTH_NAMED],
    ),
)
def fork_prompt(
    request: Request,
    id: str,
    principal: Caller,
    fork: Annotated[ForkDraft, Body(openapi_examples=examples.FORK_DRAFT)] = AS_IT_IS,
) -> Response[PromptDocument]:
    """Copy a prompt."""
    document = prompts.fork_prompt(principal, id, fork, table=current().table)
    location = requests.place(request, f"/prompts/{document.id}")
    return document_reply(document, status=201, location=location)
