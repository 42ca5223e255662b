"""Attachments as content blocks of the Messages API: images and documents."""

from base64 import b64encode
from typing import Any

from promptpilot.domain.message import Attachment
from promptpilot.step_errors import ModelRejectedRequest

_TEXT = "text/plain"


def attached_block(attachment: Attachment, contents: bytes) -> dict[str, Any]:
    """One attachment. A document has a title; for the name of an image there is no place.

    Raises `ModelRejectedRequest` for text that is not UTF-8, which the API takes as text alone.
    """
    if attachment.is_image:
        return {"type": "image", "source": _base64(attachment, contents)}
    source = (
        {"type": "text", "media_type": _TEXT, "data": _text(contents)}
        if attachment.media_type == _TEXT
        else _base64(attachment, contents)
    )
    title = {"title": attachment.name} if attachment.name else {}
    return {"type": "document", "source": source, **title}


def _base64(attachment: Attachment, contents: bytes) -> dict[str, str]:
    data = b64encode(contents).decode()
    return {"type": "base64", "media_type": attachment.media_type, "data": data}


def _text(contents: bytes) -> str:
    try:
        return contents.decode()
    except UnicodeDecodeError as error:
        raise ModelRejectedRequest(
            reason="Anthropic takes a text as UTF-8, and an attached one is something else."
        ) from error
