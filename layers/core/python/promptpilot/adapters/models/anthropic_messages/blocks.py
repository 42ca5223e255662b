"""The content blocks of an answer that is streamed, put together from their pieces."""

from typing import Any, Literal

from pydantic_core import from_json

from promptpilot.adapters.models.anthropic_messages.answer import ContentBlock
from promptpilot.adapters.models.http.replies import Part
from promptpilot.adapters.models.http.written_calls import is_sound


class BlockStart(Part):
    """`content_block_start`: a block, as far as it is there."""

    index: int
    content_block: ContentBlock


class _Delta(Part):
    """Of one of the known kinds it has the one field of that kind."""

    text: str = ""
    partial_json: str = ""
    thinking: str = ""
    signature: str = ""


class BlockDelta(Part):
    """`content_block_delta`: a piece of a block. Kinds that are not known say nothing here."""

    index: int
    delta: _Delta


_Appended = Literal["text", "thinking", "signature"]
_APPENDED: tuple[_Appended, ...] = ("text", "thinking", "signature")


class Blocks:
    """All of one answer."""

    def __init__(self) -> None:
        self._begun: dict[int, ContentBlock] = {}
        self._pieces: dict[int, list[_Delta]] = {}

    def start(self, event: BlockStart) -> None:
        """A block begins."""
        self._begun[event.index] = event.content_block
        self._pieces[event.index] = []

    def kind(self, index: int) -> str | None:
        """Of which type the block is; None where it has never begun."""
        block = self._begun.get(index)
        return None if block is None else block.type

    def add(self, event: BlockDelta) -> None:
        """A block that has begun goes on."""
        self._pieces[event.index].append(event.delta)

    def content(self) -> list[ContentBlock]:
        """The blocks in their order, as an answer that is not streamed has them."""
        return [self._whole(index) for index in sorted(self._begun)]

    def _whole(self, index: int) -> ContentBlock:
        block = self._begun[index]
        told, pieces = block.as_told(), self._pieces[index]
        for field in _APPENDED:
            if more := "".join(getattr(piece, field) for piece in pieces):
                told[field] = told.get(field, "") + more
        if block.type == "tool_use":
            told["input"] = _input(block, "".join(piece.partial_json for piece in pieces))
        return ContentBlock(**told)


def _input(block: ContentBlock, written: str) -> Any:
    """What a model wrote as the input of a tool, as text where it is no sound object; nothing
    stands for what the block began with.
    """
    try:
        told = from_json(written) if written else block.input
    except ValueError:
        return written
    return told if is_sound(told) or not written else written
