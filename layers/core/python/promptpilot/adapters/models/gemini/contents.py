"""A conversation as Gemini's `contents`."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from promptpilot.adapters.models.gemini.called import Json, call_parts, result_parts
from promptpilot.domain.message import Attachment, CallTurn, Message, ResultTurn, Turn
from promptpilot.ports.models import Attachments
from promptpilot.step_errors import ModelRejectedRequest

_ROLES = {"user": "user", "assistant": "model"}
_UNREADABLE = frozenset({"image/gif"})
"""Google's page on images names PNG, JPEG, WEBP, HEIC and HEIF."""


def system_parts(turns: Iterable[Turn]) -> list[Json]:
    """What the system says, which is apart from the conversation. Raises `ModelRejectedRequest`."""
    said = [each for each in turns if _is_system(each)]
    if any(isinstance(each, Message) and each.attachments for each in said):
        raise ModelRejectedRequest(reason="Gemini takes no attachments in a system message.")
    return [{"text": each.content} for each in said]


def contents(turns: Iterable[Turn], attachments: Attachments, model: str) -> list[Json]:
    """All but what the system says. The results of one turn's calls are one content, which follows
    the turn. Raises `ModelRejectedRequest` for what Gemini cannot be told.
    """
    told: list[Json] = []
    called: CallTurn | None = None
    parts: list[Json] = []
    spoken = (each for each in turns if not _is_system(each))
    for _, group in groupby(spoken, key=lambda each: isinstance(each, ResultTurn)):
        results: list[ResultTurn] = []
        for turn in group:
            if isinstance(turn, ResultTurn):
                results.append(turn)
            elif isinstance(turn, CallTurn):
                called, parts = turn, call_parts(turn, model)
                told.append({"role": "model", "parts": parts})
            else:
                said = [*_message_parts(turn, attachments)]
                told.append({"role": _ROLES[turn.role], "parts": said})
        if results:
            told.append({"role": "user", "parts": result_parts(results, called, parts)})
    if not told:
        raise ModelRejectedRequest(
            reason="Gemini answers a message of the user's, and there is none beside the system's."
        )
    return told


def _is_system(turn: Turn) -> bool:
    return turn.role == "system"


def _message_parts(message: Message, attachments: Attachments) -> Iterator[Json]:
    for each in message.attachments:
        yield from _attached(each, attachments)
    if message.content or not message.attachments:
        yield {"text": message.content}


def _attached(attachment: Attachment, attachments: Attachments) -> Sequence[Json]:
    """The contents, after the name, which the format has no place for."""
    if attachment.media_type in _UNREADABLE:
        raise ModelRejectedRequest(reason=f"Gemini does not read {attachment.media_type}.")
    data = b64encode(attachments[attachment.blob]).decode()
    inline = {"inlineData": {"mimeType": attachment.media_type, "data": data}}
    return [{"text": f"{attachment.name}:"}, inline] if attachment.name else [inline]
