"""What a route answers, said once beside the route, for the OpenAPI document."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from functions.api import problems
from promptpilot.errors import PromptPilotError

EXAMPLE = "x-example"
"""Where an answer's example waits until the schema beside it is known."""

REQUEST_ID = "01JD8W2M7Q4V6X9Z3B5N8R1T0K"

HEADERS: Mapping[str, str] = {
    "ETag": "The entity tag, for `If-Match` and `If-None-Match`.",
    "Location": "Where what was made can be read.",
    "Vary": "By which headers of the request the answer was chosen.",
    "Cache-Control": "How long the answer may be kept.",
    "Preference-Applied": "The preference that was honoured.",
}


def answers(
    status: int,
    description: str,
    example: object = None,
    *,
    headers: Iterable[str] = (),
    also: Mapping[int, str] | None = None,
    refusals: Iterable[PromptPilotError] = (),
) -> dict[int, OpenAPIResponse]:
    """The answers of a route: success with an example of its body, other successes by status, and
    the errors it may end in, each with an example made from the error itself.
    """
    shown = {name: {"description": HEADERS[name], "schema": {"type": "string"}} for name in headers}
    found: dict[int, Any] = {}
    for code, words in {status: description, **(also or {})}.items():
        found[code] = {"description": words, "headers": shown}
        if example is None or code == 304:
            found[code]["content"] = {}
        else:
            found[code][EXAMPLE] = example
    return {**found, **refused(refusals)}


def refused(errors: Iterable[PromptPilotError]) -> dict[int, OpenAPIResponse]:
    """Problem documents by status, with an example for each code."""
    found: dict[int, Any] = {}
    for error in errors:
        answer = problems.problem(error, REQUEST_ID)
        body = json.loads(answer["body"])
        response = found.setdefault(
            answer["statusCode"],
            {
                "description": "",
                "content": {
                    problems.MEDIA_TYPE: {
                        "schema": {"$ref": "#/components/schemas/Problem"},
                        "examples": {},
                    }
                },
            },
        )
        examples = response["content"][problems.MEDIA_TYPE]["examples"]
        examples[error.code] = {"summary": body["title"], "value": body}
        response["description"] = "; ".join(each["summary"] for each in examples.values()) + "."
    return found
