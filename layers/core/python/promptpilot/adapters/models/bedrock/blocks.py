"""The content blocks of an answer that is streamed, put together from their pieces."""

import json
from typing import Any

from promptpilot.adapters.models.bedrock.kept_content import Block
from promptpilot.adapters.models.http.replies import Part
from promptpilot.adapters.models.http.written_calls import is_sound


class _ToolUseStart(Part):
    toolUseId: str  # noqa: N815 - the API's own name
    name: str


class _Start(Part):
    toolUse: _ToolUseStart | None = None  # noqa: N815


class BlockStart(Part):
    """ContentBlockStartEvent; of a text or of reasoning there may be none."""

    contentBlockIndex: int  # noqa: N815
    start: _Start


class _ToolUseDelta(Part):
    input: str = ""


class _ReasoningDelta(Part):
    text: str | None = None
    signature: str | None = None
    redactedContent: str | None = None  # noqa: N815


class _Delta(Part):
    text: str | None = None
    toolUse: _ToolUseDelta | None = None  # noqa: N815
    reasoningContent: _ReasoningDelta | None = None  # noqa: N815


class BlockDelta(Part):
    """ContentBlockDeltaEvent."""

    contentBlockIndex: int  # noqa: N815
    delta: _Delta

    @property
    def text(self) -> str | None:
        """The piece of the answer's text that it is."""
        return self.delta.text

    @property
    def says_something(self) -> bool:
        """Whether it is more than an empty text."""
        return self.delta != _Delta(text="")


class _Pieces:
    """Of one block; which fields there are says what kind of a block it is."""

    def __init__(self) -> None:
        self.tool: _ToolUseStart | None = None
        self.fields: dict[str, list[str]] = {}

    def add(self, field: str, piece: str | None) -> None:
        if piece is not None:
            self.fields.setdefault(field, []).append(piece)

    def joined(self, field: str) -> str:
        return "".join(self.fields.get(field, ()))

    def block(self) -> Block | None:
        """None for a kind that is not asked for."""
        if self.tool is not None:
            return {"toolUse": {**self.tool.model_dump(), "input": _parsed(self.joined("input"))}}
        if "text" in self.fields:
            return {"text": self.joined("text")}
        return {"reasoningContent": self._reasoning()} if self.fields else None

    def _reasoning(self) -> dict[str, Any]:
        if "redacted" in self.fields:
            return {"redactedContent": self.joined("redacted")}
        signature = {"signature": self.joined("signature")} if "signature" in self.fields else {}
        return {"reasoningText": {"text": self.joined("reasoning"), **signature}}


class Blocks:
    """All of one answer."""

    def __init__(self) -> None:
        self._pieces: dict[int, _Pieces] = {}

    def start(self, event: BlockStart) -> None:
        """A block begins."""
        self._at(event.contentBlockIndex).tool = event.start.toolUse

    def add(self, event: BlockDelta) -> None:
        """A block goes on."""
        pieces, delta = self._at(event.contentBlockIndex), event.delta
        pieces.add("text", delta.text)
        if delta.toolUse is not None:
            pieces.add("input", delta.toolUse.input)
        if (reasoning := delta.reasoningContent) is not None:
            pieces.add("reasoning", reasoning.text)
            pieces.add("signature", reasoning.signature)
            pieces.add("redacted", reasoning.redactedContent)

    def content(self) -> list[Block]:
        """The blocks in their order, as an answer that is not streamed has them."""
        blocks = (self._pieces[index].block() for index in sorted(self._pieces))
        return [block for block in blocks if block is not None]

    def _at(self, index: int) -> _Pieces:
        return self._pieces.setdefault(index, _Pieces())


def _parsed(written: str) -> Any:
    """What a model wrote as the input of a tool, as it is where it is no sound object; nothing
    stands for an empty one.
    """
    try:
        given = json.loads(written or "{}")
    except (ValueError, RecursionError):
        return written
    return given if is_sound(given) else written
