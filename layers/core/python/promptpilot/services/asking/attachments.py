"""What is attached to the messages of a question, out of the workspace's blobs."""

from promptpilot.domain.file import media_type_of
from promptpilot.domain.message import Attachment
from promptpilot.errors import NotFound
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.models import Attachments
from promptpilot.services.asking.question import Question
from promptpilot.step_errors import StepInvalid

MAX_ATTACHED = 50
"""How many files a request may have, one that is attached twice being two."""
MAX_ATTACHED_BYTES = 5 * 1024 * 1024
"""How much they may have together. A request takes nearly four times as much memory while it is
asked, in base64 and in copies, and ten at once must fit into the worker on AWS (384 MB). Vendors
take more: 20 MB of a request and up.
"""


def load_attachments(question: Question, *, blobs: Blobs) -> Attachments:
    """Their contents by digest. Raises `StepInvalid` for one that is not there or is not what it is
    said to be, for too many, and for too much.
    """
    attached = question.request.attachments
    if len(attached) > MAX_ATTACHED:
        raise StepInvalid(
            reason=f"A request may have {MAX_ATTACHED} files, and this one has {len(attached)}."
        )
    contents: dict[str, bytes] = {}
    size = 0
    for each in attached:
        if each.blob not in contents:
            contents[each.blob] = _content(each, question.workspace, blobs)
        _require_kind(each, contents[each.blob])
        size += len(contents[each.blob])
        if size > MAX_ATTACHED_BYTES:
            raise StepInvalid(
                reason=f"The files of a request may have {MAX_ATTACHED_BYTES} bytes together, and "
                "those of this one have more."
            )
    return contents


def _content(attachment: Attachment, workspace: str, blobs: Blobs) -> bytes:
    try:
        return blobs.get(workspace, attachment.blob)
    except NotFound as error:
        raise StepInvalid(
            reason=f"{_named(attachment)} that is attached to a message is not in the workspace."
        ) from error


def _require_kind(attachment: Attachment, data: bytes) -> None:
    if media_type_of(data) != attachment.media_type:
        raise StepInvalid(
            reason=f"{_named(attachment)} that is attached to a message is not the "
            f"{attachment.media_type} that it is said to be."
        )


def _named(attachment: Attachment) -> str:
    return f"The file {attachment.name or attachment.blob!r}"
