"""A model's turn as Bedrock wants it back: reasoning is signed, and stays where it was.

A turn that has no reasoning is written anew from its text and its calls.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from promptpilot.adapters.models.http.written_calls import is_sound
from promptpilot.domain.message import CallTurn

Block = Mapping[str, Any]
"""A ContentBlock of the Converse API: an object with one field, which says what it is."""


def keep(content: Sequence[Block], model: str) -> Any:
    """The `opaque` of an answer with that content by `model` (our name); None where there is
    nothing to keep.
    """
    if not any("reasoningContent" in block for block in content):
        return None
    return {"model": model, "content": [_sendable(block) for block in content]}


def kept(turn: CallTurn, model: str) -> list[Block] | None:
    """The content that `keep` kept; None where there is none, it is another model's, whose
    signatures `model` would not take, or its calls are not those of the turn any more.
    """
    opaque = turn.opaque
    if not isinstance(opaque, Mapping) or opaque.get("model") != model:
        return None
    content: list[Block] = opaque["content"]
    called = [block["toolUse"]["toolUseId"] for block in content if "toolUse" in block]
    return content if called == [each.id for each in turn.tool_calls] else None


def _sendable(block: Block) -> Block:
    """What a model wrote as the input of a tool and is no sound object would be refused."""
    use = block.get("toolUse")
    if use is None or is_sound(use["input"]):
        return dict(block)
    return {"toolUse": {**use, "input": {}}}
