"""Attachments as Converse takes them: pictures and documents, in a message of a user's."""

import re
from base64 import b64encode
from typing import Any

from promptpilot.domain.message import Attachment, MediaType
from promptpilot.ports.models import Attachments

_FORMATS: dict[MediaType, str] = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/webp": "webp",
    "image/gif": "gif",
    "application/pdf": "pdf",
    "text/plain": "txt",
}
"""ImageFormat and DocumentFormat of the Bedrock Runtime API Reference."""

MAX_NAME = 200
_DEFAULT_NAME = "document"
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9\s\-()\[\]]+")


class AttachmentBlocks:
    """The content blocks of one request's attachments, among which no document's name comes twice:
    Converse refuses that (`Messages can't contain duplicate document names`).
    """

    def __init__(self, contents: Attachments) -> None:
        self._contents = contents
        self._names: set[str] = set()

    def block(self, attachment: Attachment) -> dict[str, Any]:
        """One attachment, its contents in base64."""
        source = {"bytes": b64encode(self._contents[attachment.blob]).decode()}
        block = {"format": _FORMATS[attachment.media_type], "source": source}
        if attachment.is_image:
            return {"image": block}
        return {"document": {**block, "name": self._new_name(attachment.name)}}

    def _new_name(self, wanted: str | None) -> str:
        name, count = allowed_name(wanted or ""), 1
        while (new := _numbered(name, count)).lower() in self._names:
            count += 1
        self._names.add(new.lower())
        return new


def allowed_name(wanted: str) -> str:
    """`wanted` as a document may be called: letters and digits of ASCII, hyphens, parentheses,
    square brackets, and single spaces; at most 200 (DocumentBlock, Bedrock Runtime API Reference).
    """
    spaced = " ".join(_NOT_IN_A_NAME.sub("-", wanted).split())
    return spaced[:MAX_NAME].strip("- ") or _DEFAULT_NAME


def _numbered(name: str, count: int) -> str:
    suffix = f" ({count})" if count > 1 else ""
    return name[: MAX_NAME - len(suffix)].rstrip() + suffix
