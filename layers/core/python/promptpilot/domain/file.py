"""Files of a workspace: what kinds there are, and how those who use one name it."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from promptpilot.domain.base import OMITTED, Model, Timestamp
from promptpilot.domain.ids import UserId
from promptpilot.domain.message import Attachment, Digest, FileName, MediaType

MAX_FILE_BYTES = 1024 * 1024
"""What the body of a request may have: files come as one."""

_BEGINNINGS: tuple[tuple[bytes, MediaType], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
_EXTENSIONS: Mapping[MediaType, str] = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "application/pdf": "pdf",
    "text/plain": "txt",
}

MEDIA_TYPES = tuple(_EXTENSIONS)


class StoredFile(Model):
    """What is known of a file beside its contents; `name` is the one it was last sent with."""

    blob: Digest
    media_type: MediaType
    name: Annotated[FileName | None, OMITTED] = None
    bytes: int
    by: UserId
    at: Timestamp

    @property
    def download_name(self) -> str:
        """What it is called where somebody keeps it."""
        return self.name or f"{self.blob[:16]}.{_EXTENSIONS[self.media_type]}"


class FileValue(Attachment):
    """The value of a variable of the type `file`: what the API says of a file that it was sent."""

    name: Annotated[FileName | None, OMITTED] = None
    bytes: Annotated[Annotated[int, Field(ge=0)] | None, OMITTED] = None


def media_type_of(data: bytes) -> MediaType | None:
    """What these contents are by how they begin (WHATWG MIME Sniffing, 6 and 7.1); text is UTF-8
    without a null. None for what is nothing that can be attached.
    """
    for beginning, media_type in _BEGINNINGS:
        if data.startswith(beginning):
            return media_type
    if data[:4] == b"RIFF" and data[8:14] == b"WEBPVP":
        return "image/webp"
    return "text/plain" if data and _is_text(data) else None


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def file_fault(value: Any) -> str | None:
    """Why a value is no file, as the end of a sentence; None where it is one."""
    if not isinstance(value, Mapping):
        return "must be a file, as `POST /files` gives it: an object with blob and media_type"
    try:
        FileValue.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = "/".join(str(part) for part in first["loc"])
        return f"must be a file, as `POST /files` gives it; {place}: {first['msg']}"
    return None


def attachment_of(value: Mapping[str, Any]) -> Attachment:
    """What is attached for a value that is a file."""
    known = FileValue.model_validate(value)
    return Attachment(blob=known.blob, media_type=known.media_type, name=known.name)
