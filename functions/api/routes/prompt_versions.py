"""Versions of prompts: making, reading, listing and comparing them."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api import requests
from functions.api.conditional import IMMUTABLE, IfRevision, KnownTags, digest_tag, is_known
from functions.api.documentation import answers
from functions.api.idempotency import idempotent
from functions.api.paging import Listing, PageAsked
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import prompt_examples as examples
from functions.api.routes.document_reply import document_reply
from functions.api.routes.version_document import VersionDocument
from promptpilot.domain.prompt_diff import PromptDiff
from promptpilot.domain.prompt_document import PromptDocument, VersionDraft, VersionSummary
from promptpilot.platform import current
from promptpilot.services.prompts import documents as prompts
from promptpilot.services.prompts import versions as prompt_versions

router = Routes()
TAGS = ["prompt versions"]


@router.post(
    "/prompts/<id>/versions",
    summary="Create a version",
    description="The latest version with what you send in its place. The number goes up by what "
    "the change calls for, or by more where you say so; less is refused.",
    operation_id="create_version",
    tags=TAGS,
    status_code=201,
    middlewares=[idempotent],
    responses=answers(
        201,
        "The prompt at its new version.",
        examples.PROMPT,
        headers=["ETag", "Location"],
        refusals=[
            examples.UNKNOWN,
            examples.NOTHING_CHANGES,
            examples.VERSION_TAKEN,
            examples.BUMP_TOO_SMALL,
            examples.TEMPLATE_INVALID,
            examples.VARIABLES_DISAGREE,
        ],
    ),
)
def create_version(
    request: Request,
    id: str,
    draft: Annotated[VersionDraft, Body(openapi_examples=examples.VERSION_DRAFT)],
    principal: Caller,
    if_revision: IfRevision,
) -> Response[PromptDocument]:
    """Make the next version."""
    ports = current()
    document = prompt_versions.create_version(
        principal,
        id,
        draft,
        if_revision=if_revision,
        table=ports.table,
        models=ports.models,
    )
    location = requests.place(request, f"/prompts/{id}/versions/{document.version}")
    return document_reply(document, status=201, location=location)


@router.get(
    "/prompts/<id>/versions",
    summary="List versions",
    description="The versions of a prompt, newest first, without their contents.",
    operation_id="list_versions",
    tags=TAGS,
    responses=answers(
        200, "One page.", examples.page(examples.VERSION_SUMMARY), refusals=[examples.UNKNOWN]
    ),
)
def list_versions(id: str, principal: Caller, asked: PageAsked) -> Listing[VersionSummary]:
    """The versions of a prompt."""
    found = prompt_versions.list_versions(
        principal, id, limit=asked.limit, after=asked.after, table=current().table
    )
    return asked.page(found.items, found.next)


@router.get(
    "/prompts/<id>/versions/<version>",
    summary="Read a version",
    description="What never changes of a version, so that it may be kept for ever. Its tag is its "
    "digest.",
    operation_id="read_version",
    tags=TAGS,
    responses=answers(
        200,
        "The version.",
        examples.VERSION,
        headers=["ETag", "Cache-Control"],
        also={304: "You have it already."},
        refusals=[examples.UNKNOWN],
    ),
)
def read_version(
    id: str, version: str, principal: Caller, known: KnownTags
) -> Response[VersionDocument]:
    """One version."""
    found = prompts.get_prompt(principal, id, version=version, table=current().table)
    tag = digest_tag(found.digest)
    headers: dict[str, str | list[str]] = {"ETag": tag, "Cache-Control": IMMUTABLE}
    if is_known(known, [tag]):
        return Response(304, headers=headers)
    return Response(200, body=VersionDocument.of(found), headers=headers)


@router.get(
    "/prompts/<id>/versions/<version>/diff/<other>",
    summary="Compare two versions",
    description="What changed from the one version to the other: text word by word, variables, "
    "settings, and which bump that calls for.",
    operation_id="diff_versions",
    tags=TAGS,
    responses=answers(200, "The difference.", examples.DIFF, refusals=[examples.UNKNOWN]),
)
def diff_versions(id: str, version: str, other: str, principal: Caller) -> PromptDiff:
    """The difference of two versions."""
    return prompt_versions.diff_versions(principal, id, version, other, table=current().table)
