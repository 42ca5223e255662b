"""Checking workflow documents without saving them, and the schema that they fit."""

import hashlib
import json
from functools import lru_cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import RootModel

from functions.api.body import JSON, YAML, Unchecked
from functions.api.conditional import KnownTags, digest_tag, is_known
from functions.api.documentation import answers
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import workflow_examples as examples
from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.domain.workflow_changes import WorkflowCheck
from promptpilot.platform import current
from promptpilot.services.workflows import checks as workflow_checks

router = Routes()
TAGS = ["workflows"]
SCHEMA_CACHE = "public, max-age=3600"


@router.post(
    "/workflows/validate",
    summary="Check a workflow document",
    description="Everything that would be said of a document, JSON or YAML, if it were saved; and "
    "how much an execution could do at most. Nothing is saved.",
    operation_id="validate_workflow",
    tags=TAGS,
    responses=answers(
        200, "Whether it is valid, and why not.", examples.CHECK, refusals=[examples.UNREADABLE]
    ),
)
def validate_workflow(
    document: Annotated[
        Unchecked[WorkflowDocument], Body(media_type=YAML, openapi_examples=examples.DOCUMENT)
    ],
    principal: Caller,
    workflow: Annotated[
        str | None,
        Query(max_length=100, description="The id of the workflow it is to be a version of."),
    ] = None,
) -> WorkflowCheck:
    """Check a document."""
    ports = current()
    return workflow_checks.check_workflow(
        principal, document.values, own=workflow, table=ports.table, models=ports.models
    )


class JsonSchema(RootModel[dict[str, Any]]):
    """A JSON Schema, draft 2020-12."""


@router.get(
    "/workflows/schema",
    summary="Read the schema of workflow documents",
    description="The JSON Schema (draft 2020-12) that every workflow document fits, for editors. "
    "It says what can be said of a document alone; `/workflows/validate` says the rest.",
    operation_id="read_workflow_schema",
    tags=TAGS,
    responses=answers(
        200,
        "The schema.",
        examples.SCHEMA,
        headers=["ETag", "Cache-Control"],
        also={304: "You have it already."},
    ),
)
def read_schema(known: KnownTags) -> Response[JsonSchema]:
    """The schema of workflow documents."""
    text, tag = _schema()
    headers: dict[str, str | list[str]] = {"ETag": tag, "Cache-Control": SCHEMA_CACHE}
    if is_known(known, [tag]):
        return Response(304, headers=headers)
    reply: Response[Any] = Response(200, content_type=JSON, body=text, headers=headers)
    return reply


@lru_cache(maxsize=1)
def _schema() -> tuple[str, str]:
    """The text of the schema and its tag."""
    # Few processes are ever asked for it.
    from promptpilot.domain.workflow_schema import workflow_schema  # noqa: PLC0415 - see above

    text = json.dumps(workflow_schema(), ensure_ascii=False)
    return text, digest_tag(hashlib.sha256(text.encode()).hexdigest())
