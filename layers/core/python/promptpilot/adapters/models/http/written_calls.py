"""Calls of functions that models make: what vendors' formats have in common, first of all those of
OpenAI, in which a model writes the arguments as text.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import to_json

from promptpilot.domain.json_value import json_fault
from promptpilot.domain.message import CallTurn, ToolCall, Turn

_MAX_ID = 64
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9_-]+")


def written_call(id: str, name: str, arguments: str) -> ToolCall:
    """The call; no text at all is a call without arguments."""
    parsed = _parsed(arguments) if arguments.strip() else {}
    if is_sound(parsed):
        return ToolCall(id=id, name=name, arguments=parsed)
    return ToolCall(id=id, name=name, malformed=arguments)


def is_sound(given: Any) -> bool:
    """Whether what a model gave as the input of a tool can be its arguments."""
    return isinstance(given, dict) and json_fault(given) is None


def arguments_text(call: ToolCall) -> str:
    """The arguments as text that is always JSON: servers that parse it refuse a whole conversation
    for one call that is none.
    """
    return to_json(call.arguments).decode()


def written_text(arguments: Any) -> str:
    """What a server says the model wrote; some have an object where the format has text."""
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    return to_json(arguments).decode()


def kept_of(turn: CallTurn, format: str) -> Mapping[str, Any]:
    """By model what was kept of such a turn in that format; empty where it was another format's."""
    kept = turn.opaque.get(format) if isinstance(turn.opaque, Mapping) else None
    return kept if isinstance(kept, Mapping) else {}


def made_id(name: str, place: int) -> str:
    """An id for a call that came without one, `place` being how many there were before it: like no
    other in the conversation, and one that every vendor takes.
    """
    return f"call-{place}-{_NOT_IN_AN_ID.sub('-', name)}"[:_MAX_ID]


def calls_before(turns: Iterable[Turn]) -> int:
    """How many calls there are in a conversation."""
    return sum(len(each.tool_calls) for each in turns if isinstance(each, CallTurn))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
