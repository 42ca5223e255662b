"""The OpenAPI document: what Powertools reads from the routes, completed with what holds for many.

Which header, refusal or security a route has follows from what it depends on, so that a route says
only what is its own.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer, Server
from pydantic import BaseModel, ConfigDict, Field

from functions.api import idempotency
from functions.api.body import JSON, YAML
from functions.api.conditional import if_revision
from functions.api.documentation import EXAMPLE, refused
from functions.api.idempotency import idempotent
from functions.api.negotiation import wants_yaml
from functions.api.operation import Operation
from functions.api.paging import paging
from functions.api.principal import caller, signed_in
from functions.api.refusals import (
    FieldFault,
    JsonInvalid,
    MediaTypeUnsupported,
    RequestInFlight,
    ValidationFailed,
)
from functions.api.requests import MAX_BODY_BYTES
from functions.api.resolver import Resolver
from functions.api.upload import file_content, uploaded
from promptpilot import errors
from promptpilot.domain.file import MEDIA_TYPES
from promptpilot.errors import PromptPilotError

VERSION = "0.1.0"
DESCRIPTION = """\
Versioned prompts, workflows of them, and what their runs did and cost.

Errors are `application/problem+json` (RFC 9457) with a stable `code`. Lists are pages: send
`next_cursor` back as `cursor`. Times are UTC, money is micro-US-dollars."""

_REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')


class Problem(BaseModel):
    """Why a request was refused. Further members depend on `code`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="A URI for the kind of problem.")
    title: str = Field(description="The kind of problem, for people.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time, for people.")
    code: str = Field(description="The kind of problem, for programs. It never changes.")
    request_id: str = Field(description="The request's id, which the server's logs have as well.")
    fields: list[dict[str, str]] | None = Field(
        None, description="With `validation_failed`: what is wrong, each with its JSON pointer."
    )
    problems: list[dict[str, str]] | None = Field(
        None, description="With `document_invalid`: what is wrong, each with its JSON pointer."
    )


def openapi_document(api: Resolver) -> str:
    """The document of all routes, as JSON."""
    schema = api.get_openapi_schema(
        title="PromptPilot Pro",
        version=VERSION,
        description=DESCRIPTION,
        servers=[Server(url=".")],
        security_schemes={"bearer": HTTPBearer(bearerFormat="JWT")},
    )
    document: dict[str, Any] = schema.model_dump(mode="json", by_alias=True, exclude_none=True)
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    for route in api.routes:
        if route.include_in_schema:
            operation = document["paths"][route.openapi_path][route.method.lower()]
            _complete(operation, Operation(route))
    _drop_unused(schemas, document["paths"])
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return _PAGE_OF.sub(r"\1Page", text)


def _drop_unused(schemas: dict[str, Any], paths: Mapping[str, Any]) -> None:
    """Keep the schemas that the paths refer to, themselves or through another."""
    needed: set[str] = set()
    found = set(_REFERENCE.findall(json.dumps(paths)))
    while found:
        needed |= found
        texts = (json.dumps(schemas[name]) for name in found)
        found = {name for text in texts for name in _REFERENCE.findall(text)} - needed
    for name in schemas.keys() - needed:
        del schemas[name]


def _complete(document: dict[str, Any], operation: Operation) -> None:
    document["security"] = [{"bearer": []}] if operation.plan.depends_on(signed_in) else []
    for parameter in document.get("parameters", ()):
        _complete_parameter(parameter)
    if operation.goes_through(idempotent):
        document.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    if operation.plan.depends_on(uploaded):
        document["requestBody"] = {"required": True, "content": file_content()}
    _complete_body(document)
    responses = document["responses"]
    for response in responses.values():
        _place_example(response)
    if operation.plan.depends_on(wants_yaml):
        responses["200"]["content"][YAML] = {"schema": _WORKFLOW}
    for status, response in refused(_common_refusals(operation)).items():
        known = responses.setdefault(str(status), response)
        for media_type, content in known.get("content", {}).items():
            extra = response["content"].get(media_type, {}).get("examples", {})
            content["examples"] = {**content.get("examples", {}), **extra}


def _complete_parameter(parameter: dict[str, Any]) -> None:
    schema = parameter["schema"]
    title = schema.pop("title")
    if parameter["in"] == "header":
        parameter["name"] = title
    if parameter["in"] == "path":
        parameter["description"] = _PATH_PARAMETERS[parameter["name"]]
    # Left out is the only way for a parameter to be null.
    kinds = [each for each in schema.pop("anyOf", ()) if each.get("type") != "null"]
    parameter["schema"] = {**schema, **(kinds[0] if len(kinds) == 1 else {})}
    parameter["schema"].pop("description", None)


def _complete_body(document: dict[str, Any]) -> None:
    content = document.get("requestBody", {}).get("content", {})
    if YAML in content:
        content[JSON] = content[YAML]
        content[YAML] = {"schema": content[JSON]["schema"]}


def _place_example(response: dict[str, Any]) -> None:
    example = response.pop(EXAMPLE, None)
    if not response.get("headers", True):
        del response["headers"]
    if example is not None:
        response["content"][JSON]["examples"] = {"typical": {"value": example}}


def _common_refusals(operation: Operation) -> list[PromptPilotError]:
    """What a route may end in because of what it takes."""
    plan = operation.plan
    common: list[PromptPilotError] = [errors.StoreUnavailable(), PromptPilotError()]
    for dependency, refusals in _REFUSALS_OF.items():
        if plan.depends_on(dependency):
            common += refusals
    if operation.goes_through(idempotent):
        common += [errors.IdempotencyConflict(), RequestInFlight()]
    if plan.route.body is not None:
        common += _BODY_REFUSALS
    if plan.route.body is not None or plan.query:
        common.append(_VALIDATION_FAILED)
    return common


_VALIDATION_FAILED = ValidationFailed(
    faults=(FieldFault("body", "/name", "missing", "Field required"),)
)

_BODY_REFUSALS: list[PromptPilotError] = [
    JsonInvalid(reason="trailing comma", line=4, column=18),
    MediaTypeUnsupported(accepted=(JSON,)),
    errors.TooLarge(what="A request's body", limit=MAX_BODY_BYTES),
]

_REFUSALS_OF: Mapping[Any, list[PromptPilotError]] = {
    signed_in: [errors.Unauthenticated()],
    caller: [
        errors.NotFound(kind="workspace", id="ws_01JD8W2M7Q4V6X9Z3B5N8R1T0K"),
        errors.Forbidden(action="prompt:write", role="viewer"),
    ],
    uploaded: [
        JsonInvalid(reason="it is not the base64 that it is said to be"),
        MediaTypeUnsupported(accepted=MEDIA_TYPES),
        errors.TooLarge(what="A request's body", limit=MAX_BODY_BYTES),
    ],
    paging: [errors.CursorInvalid()],
    if_revision: [errors.RevisionConflict(current=8)],
}

_PATH_PARAMETERS = {
    "id": "Its id.",
    "version": 'A version: "1.2.0".',
    "other": 'The version to compare it with: "1.3.0".',
    "label": "A label's name: it begins with a small letter.",
    "blob": "The digest of a file, as the answer to sending it has it: `file.blob`.",
    "vendor": "A vendor of models, as the names of its models begin: `openai`.",
}

_WORKFLOW = {"$ref": "#/components/schemas/WorkflowDocument"}
"""The only document that can be read as YAML."""

_PAGE_OF = re.compile(r"Listing_(\w+?)_(?=\")")
"""How pydantic calls a page of something."""

_IDEMPOTENCY_KEY = {
    "name": idempotency.HEADER,
    "in": "header",
    "required": False,
    "description": "Sent again with the same key, the request acts once and gets the first answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": idempotency.MAX_KEY_LENGTH},
}
