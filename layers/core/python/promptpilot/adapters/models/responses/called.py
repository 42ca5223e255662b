"""Functions that a model calls: from its answer to our calls, and back with their results.

`opaque` is what the model put out, item by item: reasoning, which OpenAI encrypts where it stores
nothing (`encrypted_content`), has to come back before the calls that it led to, and messages with
their `phase`. Another model could not read it, and is told the calls alone.
"""

from collections.abc import Iterable
from typing import Any

from promptpilot.adapters.models.http.written_calls import (
    arguments_text,
    kept_of,
    made_id,
    written_call,
    written_text,
)
from promptpilot.adapters.models.responses.items import Item
from promptpilot.domain.message import CallTurn, ToolCall

_KEPT = "responses"
"""Under which the items are in `opaque`, which may be another vendor's, by the model's name."""

Json = dict[str, Any]


def tool_calls(items: Iterable[Item], *, before: int) -> tuple[ToolCall, ...]:
    """The calls of an answer; `before` are in the conversation already."""
    calls = [each for each in items if each.type == "function_call"]
    return tuple(
        written_call(
            each.call_id or made_id(each.name, place), each.name, written_text(each.arguments)
        )
        for place, each in enumerate(calls, before)
    )


def kept(items: Iterable[Item], asked: str) -> Any:
    """What is to come back, to the model that was asked, with the results of the calls among these
    items.
    """
    told = [each.model_dump(exclude_unset=True) for each in items if _comes_back(each)]
    return {_KEPT: {asked: told}}


def call_items(turn: CallTurn, asked: str) -> list[Json]:
    """The turn as items: those that the model put out, or the same in content where it was another
    model.
    """
    own = _own_items(turn, asked)
    if own is not None:
        return own
    said = [said_item(turn.content)] if turn.content else []
    return [*said, *(_call_item(each) for each in turn.tool_calls)]


def said_item(text: str) -> Json:
    """A message of the model's, which llama.cpp takes in this form alone."""
    content = [{"type": "output_text", "text": text}]
    return {"type": "message", "role": "assistant", "content": content}


def _comes_back(item: Item) -> bool:
    """Reasoning without its contents is but an id, of something that is stored nowhere."""
    return item.type != "reasoning" or bool(item.encrypted_content or item.content)


def _own_items(turn: CallTurn, asked: str) -> list[Json] | None:
    """What the model put out in this turn, if the turn still has the same calls."""
    items = kept_of(turn, _KEPT).get(asked)
    if not isinstance(items, list | tuple):
        return None
    ids = [each.get("call_id") for each in items if each.get("type") == "function_call"]
    return list(items) if ids == [each.id for each in turn.tool_calls] else None


def _call_item(call: ToolCall) -> Json:
    return {
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": arguments_text(call),
    }
