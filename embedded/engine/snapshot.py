"""What is journaled of a frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

ENDED = ""
"""The state of a branch or iteration that has ended; its input is then its output."""


class Snapshot(NamedTuple):
    """All of a frame but its variables, as it is journaled when the frame is about to wait."""

    path: str
    state: str
    input: str
    moment_ms: int
    entered_ms: int
    wake_ms: int | None
    retries: Mapping[int, int]
    events: int


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the frame at `path`; `text` is its value as JSON."""

    path: str
    name: str
    text: str
