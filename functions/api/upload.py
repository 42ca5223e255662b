"""A body that is a file, as it is: no JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

from aws_lambda_powertools.event_handler import Depends, Request

from functions.api.refusals import MediaTypeUnsupported
from functions.api.requests import HttpRequest
from promptpilot.domain.file import MEDIA_TYPES
from promptpilot.domain.message import MediaType


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent, of the kind that its sender says."""

    data: bytes
    media_type: MediaType


def uploaded(request: Request) -> Upload:
    """The body. Raises `MediaTypeUnsupported`, `TooLarge`, `JsonInvalid` for bad base64, which
    API Gateway never makes.
    """
    sent = cast("HttpRequest", request)
    kind = sent.headers_sent.get("content-type", "").partition(";")[0].strip().lower()
    found = next((each for each in MEDIA_TYPES if each == kind), None)
    if found is None:
        raise MediaTypeUnsupported(accepted=MEDIA_TYPES)
    content = sent.content()
    return Upload(content if isinstance(content, bytes) else content.encode(), found)


UploadedFile = Annotated[Upload, Depends(uploaded)]
"""A route's argument: the file that is the body. It stands after what says who asks."""


FILE_EXAMPLE = "The release is on Friday."


def file_content() -> dict[str, Any]:
    """The contents of a file of any kind, for the OpenAPI document."""
    schema: Mapping[str, str] = {"type": "string", "format": "binary"}
    content: dict[str, Any] = {each: {"schema": {**schema}} for each in MEDIA_TYPES}
    content["text/plain"] = {
        "schema": {"type": "string"},
        "examples": {"typical": {"value": FILE_EXAMPLE}},
    }
    return content
