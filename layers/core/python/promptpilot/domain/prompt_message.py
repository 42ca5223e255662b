"""The messages of a prompt as its author writes them: an attachment is a file or a variable's.

What a model is sent has `message.Message` in their place, with nothing left to fill in.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from promptpilot.domain.base import NONE_OMITTED, Model
from promptpilot.domain.file import attachment_of
from promptpilot.domain.message import MAX_ATTACHMENTS, MAX_CHARACTERS, Attachment
from promptpilot.domain.variables import NAME_PATTERN


class FileVariable(Model):
    """Whatever file a variable of the type `file` has; nothing where it is left out."""

    variable: Annotated[str, StringConstraints(pattern=NAME_PATTERN)]


def _kind(slot: Any) -> str:
    named = "variable" in slot if isinstance(slot, Mapping) else isinstance(slot, FileVariable)
    return "variable" if named else "file"


AttachmentSlot = Annotated[
    Annotated[Attachment, Tag("file")] | Annotated[FileVariable, Tag("variable")],
    Discriminator(_kind),
]
"""What is attached to a message, as its author writes it."""


class PromptMessage(Model):
    """One turn of a conversation, as an author writes it: its text is a template."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[str, Field(max_length=MAX_CHARACTERS)]
    attachments: Annotated[
        tuple[AttachmentSlot, ...], Field(max_length=MAX_ATTACHMENTS), NONE_OMITTED
    ] = ()


def filled(slots: Sequence[AttachmentSlot], values: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """What is attached with these values, which have been checked, in order."""
    return tuple(_filled(slots, values))


def _filled(slots: Sequence[AttachmentSlot], values: Mapping[str, Any]) -> Iterator[Attachment]:
    for slot in slots:
        if isinstance(slot, Attachment):
            yield slot
        elif slot.variable in values:
            yield attachment_of(values[slot.variable])
