"""A conversation as Converse takes it: the system's text apart, and turns that alternate."""

from collections.abc import Sequence
from typing import Any

from promptpilot.adapters.models.bedrock.documents import AttachmentBlocks
from promptpilot.adapters.models.bedrock.kept_content import Block, kept
from promptpilot.domain.message import CallTurn, Message, ResultTurn, ToolCall, Turn
from promptpilot.step_errors import ModelRejectedRequest


def system_blocks(turns: Sequence[Turn]) -> list[Block]:
    """What the system says, wherever it says it; a block must not be empty."""
    return [{"text": each.content} for each in turns if _is_system(each) and each.content.strip()]


def messages(turns: Sequence[Turn], model: str, attached: AttachmentBlocks) -> list[dict[str, Any]]:
    """The turns of user and model. What follows each other by the same role is one message, as
    Converse wants it, and so are the results of all calls of one turn.
    """
    told: list[dict[str, Any]] = []
    for turn in turns:
        if _is_system(turn):
            continue
        role = "assistant" if turn.role == "assistant" else "user"
        if not told or told[-1]["role"] != role:
            told.append({"role": role, "content": []})
        told[-1]["content"] += _content(turn, model, attached)
    return told


def _is_system(turn: Turn) -> bool:
    if turn.role != "user" and isinstance(turn, Message) and turn.attachments:
        raise ModelRejectedRequest(
            reason="Amazon Bedrock takes attachments in messages of the user alone."
        )
    return turn.role == "system"


def _content(turn: Turn, model: str, attached: AttachmentBlocks) -> list[Block]:
    match turn:
        case ResultTurn():
            return [_result(turn)]
        case CallTurn():
            return kept(turn, model) or [*_text(turn.content), *map(_tool_use, turn.tool_calls)]
        case _:
            blocks: list[Block] = [attached.block(each) for each in turn.attachments]
            return [*blocks, *_text(turn.content)] or [{"text": turn.content}]


def _text(content: str) -> list[Block]:
    """Converse refuses blank text, which says nothing beside other blocks."""
    return [{"text": content}] if content.strip() else []


def _tool_use(call: ToolCall) -> Block:
    use = {"toolUseId": call.id, "name": call.name, "input": dict(call.arguments)}
    return {"toolUse": use}


def _result(turn: ResultTurn) -> Block:
    status = {"status": "error"} if turn.failed else {}
    return {"toolResult": {"toolUseId": turn.call_id, "content": _text(turn.content), **status}}
