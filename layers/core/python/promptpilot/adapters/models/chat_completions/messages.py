"""A conversation as the messages of Chat Completions."""

from collections.abc import Iterator
from html import escape

from promptpilot.adapters.models.chat_completions.called import Json, call_message
from promptpilot.adapters.models.http.inline_files import data_url, file_name
from promptpilot.domain.message import Attachment, CallTurn, Message, ResultTurn, Turn
from promptpilot.domain.model import ModelRequest
from promptpilot.ports.models import Attachments
from promptpilot.step_errors import ModelRejectedRequest


def messages(request: ModelRequest, attachments: Attachments) -> list[Json]:
    """One message for each turn. Raises `ModelRejectedRequest` for what cannot be attached."""
    return [_message(each, request.model, attachments) for each in request.messages]


def _message(turn: Turn, asked: str, attachments: Attachments) -> Json:
    if isinstance(turn, CallTurn):
        return call_message(turn, asked)
    if isinstance(turn, ResultTurn):
        return {"role": "tool", "tool_call_id": turn.call_id, "content": turn.content}
    if not turn.attachments:
        return {"role": turn.role, "content": turn.content}
    if turn.role != "user":
        reason = f"The format takes attachments of the user's only, not of the {turn.role}'s."
        raise ModelRejectedRequest(reason=reason)
    return {"role": turn.role, "content": [*_parts(turn, attachments)]}


def _parts(message: Message, attachments: Attachments) -> Iterator[Json]:
    for each in message.attachments:
        yield _attached(each, attachments)
    if message.content:
        yield {"type": "text", "text": message.content}


def _attached(attachment: Attachment, attachments: Attachments) -> Json:
    if attachment.is_image:
        return {"type": "image_url", "image_url": {"url": data_url(attachment, attachments)}}
    if attachment.media_type == "text/plain":
        return {"type": "text", "text": _document(attachment, attachments[attachment.blob])}
    data = data_url(attachment, attachments)
    return {"type": "file", "file": {"filename": file_name(attachment), "file_data": data}}


def _document(attachment: Attachment, contents: bytes) -> str:
    """A text among texts: no server needs to know files for it. It is set off from what is said,
    since servers join the parts of a message without anything between them.
    """
    try:
        text = contents.decode()
    except UnicodeDecodeError as error:
        raise ModelRejectedRequest(reason="An attached text is not UTF-8.") from error
    return f'<document name="{escape(file_name(attachment))}">\n{text}\n</document>\n'
