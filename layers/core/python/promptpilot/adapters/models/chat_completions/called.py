"""Functions that a model calls: from its answer to our calls, and back with their results.

`opaque` is what compatible servers add to the format and want back with the calls: the reasoning
that led to them (DeepSeek, Moonshot, OpenRouter, vLLM), and signatures (Google's `extra_content`).
Another server might refuse a field that it does not have, and gets the calls alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from promptpilot.adapters.models.chat_completions.pieces import CallPiece, Said
from promptpilot.adapters.models.http.written_calls import (
    arguments_text,
    calls_before,
    kept_of,
    made_id,
    written_call,
    written_text,
)
from promptpilot.domain.message import CallTurn, ToolCall, Turn

_KEPT = "chat_completions"
"""Under which that is in `opaque`, which may be another vendor's, by the model's name."""

Json = dict[str, Any]


@dataclass(slots=True)
class _Call:
    """One call, as far as it has been told."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    extra: Any = None

    def add(self, piece: CallPiece) -> None:
        self.id = self.id or piece.id or ""
        self.name = self.name or piece.function.name or ""
        self.arguments.append(written_text(piece.function.arguments))
        self.extra = piece.extra_content or self.extra


class Calls:
    """The calls of one answer to a conversation, whole or in pieces."""

    def __init__(self, conversation: Sequence[Turn]) -> None:
        self._conversation = conversation
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._reasoning: dict[str, Any] = {}

    def take(self, said: Said) -> bool:
        """Take what a message, or a piece of one, has beside its text; whether there is any."""
        for piece in said.tool_calls or ():
            self._call_of(piece).add(piece)
        reasoning = said.reasoning_fields
        for name, value in reasoning.items():
            self._reasoning[name] = self._reasoning.get(name, type(value)()) + value
        return bool(said.tool_calls or reasoning)

    def calls(self) -> tuple[ToolCall, ...]:
        """All of them, each with an id of its own."""
        if not self._calls:
            return ()
        return tuple(
            written_call(own, call.name, "".join(call.arguments))
            for own, call in zip(self._ids(), self._calls, strict=True)
        )

    def kept(self, asked: str) -> Any:
        """What is to come back with the results to the model that was asked; None where nothing
        is.
        """
        if not self._calls:
            return None
        signed = zip(self._ids(), self._calls, strict=True)
        extra = {own: call.extra for own, call in signed if call.extra}
        told = {**self._reasoning, **({"extra_content": extra} if extra else {})}
        return {_KEPT: {asked: told}} if told else None

    def _call_of(self, piece: CallPiece) -> _Call:
        """The call that this is a piece of: by its index, which some servers leave out, or have
        the same for every call.
        """
        last = self._calls[-1] if self._calls else None
        known = last if piece.index is None else self._by_index.get(piece.index)
        another = known is not None and piece.id and known.id and piece.id != known.id
        unlike = piece.index is None and not piece.id and piece.function.name
        if known is None or another or unlike:
            known = _Call()
            self._calls.append(known)
            if piece.index is not None:
                self._by_index[piece.index] = known
        return known

    def _ids(self) -> Iterable[str]:
        return (
            call.id or made_id(call.name, place)
            for place, call in enumerate(self._calls, calls_before(self._conversation))
        )


def call_message(turn: CallTurn, asked: str) -> Json:
    """The turn as a message to the model that is asked."""
    told: Json = dict(kept_of(turn, _KEPT).get(asked, {}))
    extra = told.pop("extra_content", {})
    calls = [_call(each, extra.get(each.id)) for each in turn.tool_calls]
    return {"role": turn.role, "content": turn.content or None, **told, "tool_calls": calls}


def _call(call: ToolCall, extra: Any) -> Json:
    function = {"name": call.name, "arguments": arguments_text(call)}
    signed = {"extra_content": extra} if extra else {}
    return {"id": call.id, "type": "function", "function": function, **signed}
