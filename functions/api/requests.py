"""What an API Gateway v2 event says, in the words that routes use."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import unquote_plus

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from functions.api.refusals import JsonInvalid, ValidationFailed
from promptpilot.errors import TooLarge

PREFIX = "/api"
"""Where the paths may be reached as well: the web app is served at the root there."""

MAX_BODY_BYTES = 1024 * 1024
MAX_QUERY_FIELDS = 100

Event = dict[str, Any]
"""An API Gateway v2 event, as a Lambda function gets it."""


class HttpRequest(Request):
    """One request to a route. Routes that want it are given it as a Powertools `Request`."""

    def __init__(self, event: Event, route_path: str, path_parameters: dict[str, str]) -> None:
        super().__init__(route_path, path_parameters, APIGatewayProxyEventV2(event))
        self.event = event
        self.headers_sent: Mapping[str, str] = event.get("headers") or {}
        """By their names in lower case, as API Gateway gives them."""
        self.solved: dict[Callable[..., Any], Any] = {}
        """What has been called for this request, and what it gave."""
        query = event.get("rawQueryString")
        self.fields: Mapping[str, list[str]] = parse_query(query) if query else {}
        """The query's fields, each with all of its values."""

    def content(self) -> str | bytes:
        """The body, "" where there is none. Raises `TooLarge` over `MAX_BODY_BYTES`,
        `JsonInvalid` for what is no text.
        """
        text: str = self.event.get("body") or ""
        content = _decoded(text) if self.event.get("isBase64Encoded") else text
        size = len(content) if isinstance(content, bytes) or text.isascii() else _bytes_of(text)
        if size > MAX_BODY_BYTES:
            raise TooLarge(what="A request's body", limit=MAX_BODY_BYTES, size=size)
        return content


def parse_query(text: str) -> dict[str, list[str]]:
    """The fields of a query string. Raises `ValidationFailed` for more than `MAX_QUERY_FIELDS`."""
    pairs = text.split("&", MAX_QUERY_FIELDS)
    if len(pairs) > MAX_QUERY_FIELDS:
        raise ValidationFailed(reason=f"The query may have at most {MAX_QUERY_FIELDS} fields.")
    fields: dict[str, list[str]] = {}
    for pair in pairs:
        if pair:
            name, _, value = pair.partition("=")
            fields.setdefault(_unquoted(name), []).append(_unquoted(value))
    return fields


def _unquoted(text: str) -> str:
    return unquote_plus(text) if "%" in text or "+" in text else text


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise JsonInvalid(reason="it is not the base64 that it is said to be") from error


def _bytes_of(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise JsonInvalid(
            reason="it has half of a surrogate pair, which is no character"
        ) from error


def path_within(event: Event) -> str:
    """The path below the stage and below `PREFIX`."""
    path: str = event["rawPath"]
    stage: str = event["requestContext"]["stage"]
    if stage != "$default":
        path = path.removeprefix(f"/{stage}")
    return path[len(PREFIX) :] if path.startswith(f"{PREFIX}/") else path


def place(request: Request, path: str) -> str:
    """Where a client of this request finds `path`: below the prefix that it used itself."""
    used: str = request.resolved_event.raw_event["rawPath"]
    return f"{PREFIX}{path}" if used.startswith(f"{PREFIX}/") else path


def user(request: Request) -> str | None:
    """The id of the user whom the authorizer vouches for."""
    context: Mapping[str, Any] = cast("HttpRequest", request).event["requestContext"]
    claims = (context.get("authorizer") or {}).get("lambda") or {}
    found: str | None = claims.get("user")
    return found
