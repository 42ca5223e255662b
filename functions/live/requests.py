"""What a client sends over its connection, in the words of the domain."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from functions.api.refusals import FieldFault, JsonInvalid, ValidationFailed
from promptpilot.domain.live import Request

_request: TypeAdapter[Request] = TypeAdapter(Request)

MAX_FAULTS = 20
MAX_POINTER = 200
"""A problem must fit into a message, whatever the client's had in it; in characters."""

_NOT_TEXT = "the message is not text in UTF-8"
_MESSAGES = {"union_tag_invalid": "The action is not one of subscribe, unsubscribe, ping"}
"""Instead of pydantic's own, which repeats what was sent."""


def parse(event: Mapping[str, Any]) -> Request:
    """The request in a WebSocket event. Raises `JsonInvalid`, `ValidationFailed`."""
    text = _text(event)
    try:
        return _request.validate_json(text)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    if details[0]["type"] == "json_invalid":
        raise JsonInvalid(reason=str(details[0]["ctx"]["error"]))
    raise ValidationFailed(faults=tuple(map(_fault, details[:MAX_FAULTS])))


def _text(event: Mapping[str, Any]) -> str | bytes:
    body: str = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return body
    try:
        return base64.b64decode(body, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise JsonInvalid(reason=_NOT_TEXT) from error


def _fault(detail: ErrorDetails) -> FieldFault:
    place = detail["loc"][1:]  # the first is the action, by which the request's model was chosen
    at = "".join(f"/{part}" for part in place)[:MAX_POINTER]
    code = detail["type"]
    return FieldFault(part="body", at=at, code=code, message=_MESSAGES.get(code, detail["msg"]))
