"""Functions that Gemini calls: from its answer to our calls, and back with their results.

`opaque` is what it answered, part by part, wherever a part is signed (`thoughtSignature`) or a call
has an id: Gemini 3 refuses a call that comes back without the signature it had, on the same part.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from promptpilot.adapters.models.gemini.pieces import FunctionCall
from promptpilot.adapters.models.http.written_calls import is_sound, made_id
from promptpilot.domain.message import CallTurn, ResultTurn, ToolCall

_KEPT = "gemini"
"""Under which the parts are in `opaque`, which may be another vendor's."""

_UNSIGNED = re.compile(r"(models/)?(gemini-[12]\b|gemma)")
"""Models that check no signatures (Google's page on thought signatures)."""

FOREIGN = "skip_thought_signature_validator"
"""What that page tells to put where a call was another model's and has no signature."""

Json = dict[str, Any]


def tool_calls(calls: Iterable[FunctionCall], *, before: int) -> tuple[ToolCall, ...]:
    """The calls of an answer; `before` are in the conversation already."""
    return tuple(_tool_call(call, place) for place, call in enumerate(calls, before))


def kept(parts: Sequence[Json]) -> Any:
    """What is to come back with the results of the calls among these parts, if anything is."""
    needed = any("thoughtSignature" in each or _given_id(each) for each in parts)
    return {_KEPT: list(parts)} if needed else None


def call_parts(turn: CallTurn, model: str) -> list[Json]:
    """The turn as parts: those that Gemini answered, or the same in content where it was another
    vendor that called.
    """
    own = _own_parts(turn)
    if own is not None:
        return own
    text: list[Json] = [{"text": turn.content}] if turn.content else []
    calls: list[Json] = [
        {"functionCall": {"id": each.id, "name": each.name, "args": each.arguments}}
        for each in turn.tool_calls
    ]
    if not _UNSIGNED.match(model):
        calls[0] |= {"thoughtSignature": FOREIGN}
    return [*text, *calls]


def result_parts(
    results: Iterable[ResultTurn], called: CallTurn | None, parts: Iterable[Json]
) -> list[Json]:
    """The results of one turn's calls, which went out as `parts`. They are in the order of the
    calls: those that went without an id Gemini knows by name and place, as it has to its results.
    """
    places = [each.id for each in called.tool_calls] if called else []
    ids = {_given_id(each) for each in parts}
    ordered = sorted(
        results,
        key=lambda each: places.index(each.call_id) if each.call_id in places else len(places),
    )
    return [_result_part(each, known=each.call_id in ids) for each in ordered]


def _tool_call(call: FunctionCall, place: int) -> ToolCall:
    args = {} if call.args is None else call.args
    own = call.id or made_id(call.name, place)
    if is_sound(args):
        return ToolCall(id=own, name=call.name, arguments=args)
    return ToolCall(id=own, name=call.name, malformed=to_json(args).decode())


def _own_parts(turn: CallTurn) -> list[Json] | None:
    """What Gemini answered in this turn, if it was Gemini and the turn still has the same calls."""
    parts = turn.opaque.get(_KEPT) if isinstance(turn.opaque, Mapping) else None
    if not isinstance(parts, list | tuple):
        return None
    names = [each["functionCall"]["name"] for each in parts if "functionCall" in each]
    return list(parts) if names == [each.name for each in turn.tool_calls] else None


def _given_id(part: Mapping[str, Any]) -> str | None:
    found: str | None = part.get("functionCall", {}).get("id")
    return found


def _result_part(result: ResultTurn, *, known: bool) -> Json:
    response = {"error" if result.failed else "output": result.content}
    told = {"id": result.call_id} if known else {}
    return {"functionResponse": {**told, "name": result.name, "response": response}}
