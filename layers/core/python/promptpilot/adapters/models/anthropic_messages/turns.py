"""A conversation as the Messages API takes it: the system's text apart, turns that alternate."""

from collections.abc import Sequence
from typing import Any

from promptpilot.adapters.models.anthropic_messages.attached import attached_block
from promptpilot.adapters.models.anthropic_messages.kept_content import Block, kept
from promptpilot.domain.message import CallTurn, Message, ResultTurn, ToolCall, Turn
from promptpilot.ports.models import Attachments
from promptpilot.step_errors import ModelRejectedRequest

_FAILED = "The call failed."
"""For a result that failed without a word: the API refuses one that is empty."""


def system_blocks(turns: Sequence[Turn]) -> list[Block]:
    """What the system says, wherever it says it."""
    return [block for each in turns if _is_system(each) for block in _text(each.content)]


def messages(turns: Sequence[Turn], model: str, attachments: Attachments) -> list[dict[str, Any]]:
    """The turns of user and model. What follows each other by the same role is one message, and so
    are the results of all calls of one turn, as the API wants them.

    Raises `ModelRejectedRequest` where there is nothing for the model to answer.
    """
    told: list[dict[str, Any]] = []
    for turn in turns:
        content = [] if _is_system(turn) else _content(turn, model, attachments)
        if not content:
            continue
        role = "assistant" if turn.role == "assistant" else "user"
        if not told or told[-1]["role"] != role:
            told.append({"role": role, "content": []})
        told[-1]["content"] += content
    if not told:
        raise ModelRejectedRequest(
            reason="Anthropic answers a message of the user's, and there is none that says anything"
            " beside the system's."
        )
    return told


def _is_system(turn: Turn) -> bool:
    if turn.role != "user" and isinstance(turn, Message) and turn.attachments:
        raise ModelRejectedRequest(
            reason="Anthropic takes attachments in messages of the user alone."
        )
    return turn.role == "system"


def _content(turn: Turn, model: str, attachments: Attachments) -> list[Block]:
    match turn:
        case ResultTurn():
            return [_result(turn)]
        case CallTurn():
            return kept(turn, model) or [*_text(turn.content), *map(_tool_use, turn.tool_calls)]
        case _:
            attached = [attached_block(each, attachments[each.blob]) for each in turn.attachments]
            return [*attached, *_text(turn.content)]


def _text(content: str) -> list[Block]:
    """The API refuses blank text, which says nothing."""
    return [{"type": "text", "text": content}] if content.strip() else []


def _tool_use(call: ToolCall) -> Block:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}


def _result(turn: ResultTurn) -> Block:
    result = {"type": "tool_result", "tool_use_id": turn.call_id, "content": turn.content}
    if not turn.failed:
        return result
    return {**result, "is_error": True, "content": turn.content or _FAILED}
