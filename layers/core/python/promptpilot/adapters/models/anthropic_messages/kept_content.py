"""A model's turn as Anthropic wants it back: thinking is signed, and stays where it was.

A turn without thinking is written anew from its text and its calls.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from promptpilot.adapters.models.http.written_calls import is_sound
from promptpilot.domain.message import CallTurn

Block = dict[str, Any]
"""A content block of the Messages API; its `type` says what it is."""

_THINKING = frozenset({"thinking", "redacted_thinking"})


def keep(content: Sequence[Block], model: str) -> Any:
    """The `opaque` of an answer with that content by `model` (our name); None where there is
    nothing to keep: no thinking, or no calls whose results would take it back.
    """
    kinds = {block["type"] for block in content}
    if not (kinds & _THINKING and "tool_use" in kinds):
        return None
    return {"model": model, "content": [_sendable(block) for block in content]}


def kept(turn: CallTurn, model: str) -> list[Block] | None:
    """The content that `keep` kept; None where there is none, it is another model's, whose
    signatures `model` would not take, or its calls are not those of the turn any more.
    """
    opaque = turn.opaque
    if not isinstance(opaque, Mapping) or opaque.get("model") != model:
        return None
    content: Iterable[Block] = opaque["content"]
    blocks = [dict(block) for block in content]
    calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
    return blocks if calls == [each.id for each in turn.tool_calls] else None


def _sendable(block: Block) -> Block:
    """What a model wrote as the input of a tool and is no sound object would be refused."""
    if block["type"] != "tool_use" or is_sound(block["input"]):
        return block
    return {**block, "input": {}}
