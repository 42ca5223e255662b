"""Attachments that go inside a request as data URLs (RFC 2397)."""

from base64 import b64encode

from promptpilot.domain.message import Attachment
from promptpilot.ports.models import Attachments

_ENDINGS = {"application/pdf": ".pdf", "text/plain": ".txt"}


def data_url(attachment: Attachment, attachments: Attachments) -> str:
    """The contents with their media type."""
    data = b64encode(attachments[attachment.blob]).decode()
    return f"data:{attachment.media_type};base64,{data}"


def file_name(attachment: Attachment) -> str:
    """A name that ends as the media type has it, by which some servers tell the type."""
    name, ending = attachment.name or "document", _ENDINGS.get(attachment.media_type, "")
    return name if name.lower().endswith(ending) else f"{name}{ending}"
