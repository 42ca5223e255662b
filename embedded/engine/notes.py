"""The events of an execution's history, as they are noted and journaled."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic_core import to_json

from embedded.engine.journal import Statement
from promptpilot.ports.orchestrator import Happening

MAX_KEPT = 25_000
"""The most events of one execution that are kept."""


class Note(NamedTuple):
    """One event before it has its number; `at_ms` is in milliseconds since 1970."""

    type: Happening
    at_ms: int
    state: str
    iteration: tuple[int, ...]
    error: str | None


def keep(execution: int, last: int, notes: Sequence[Note]) -> Statement:
    """What journals events, the last of which has the number `last`."""
    text = to_json(notes).decode()
    return ("INSERT OR REPLACE INTO engine_history VALUES (?, ?, ?)", (execution, last, text))
