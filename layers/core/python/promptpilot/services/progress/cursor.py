"""How far a client has been told of an execution: what the cursor of its progress says."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Self

from promptpilot.domain.cursor import MAX_CURSOR_LENGTH
from promptpilot.domain.execution import ExecutionStatus
from promptpilot.services.cursors import seal, unseal

MOST_TEXTS = 40
"""More may make a cursor too long. The texts of more steps begin anew for the client."""

_DIGEST_BYTES = 6
"""A guard against a mix-up of two answers to one question, not against an attacker: the cursor is
signed.
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """How much of a step's text the client has, and what that was."""

    length: int
    digest: str

    @classmethod
    def of(cls, text: str) -> "Heard":
        """The client has all of this text."""
        digest = hashlib.blake2b(text.encode(errors="replace"), digest_size=_DIGEST_BYTES)
        return cls(len(text), digest.hexdigest())

    def begins(self, text: str) -> bool:
        """Whether this text goes on from what the client has. Another try may say other things."""
        return len(text) >= self.length and Heard.of(text[: self.length]) == self


@dataclass(slots=True)
class Told:
    """What a client knows: the events up to `last`, some text of steps that run, and whether the
    execution has ended (after how many resumptions; -1 is not at all).
    """

    last: int = 0
    texts: dict[str, Heard] = field(default_factory=dict)
    """By log id, the ones that grew last at the end."""
    status: ExecutionStatus | None = None
    end: int = -1

    def copy(self) -> Self:
        """The same, to change."""
        return type(self)(self.last, dict(self.texts), self.status, self.end)

    def hear(self, log: str, text: str) -> None:
        """The client has this text of a step now."""
        self.texts.pop(log, None)
        self.texts[log] = Heard.of(text)


def seal_told(told: Told, *, workspace: str, execution: str, key: bytes) -> str:
    """The cursor that says so. It is good for this execution only."""
    root = _root(execution)
    kept = list(told.texts.items())[-MOST_TEXTS:]
    while True:
        texts = {log.removeprefix(root): [heard.length, heard.digest] for log, heard in kept}
        said: dict[str, Any] = {"h": told.last, "t": texts, "s": told.status, "e": told.end}
        text = json.dumps(said, separators=(",", ":"))
        cursor = seal(text, list=_name(workspace, execution), key=key)
        if len(cursor) <= MAX_CURSOR_LENGTH:
            return cursor
        kept = kept[len(kept) // 2 + 1 :]


def open_told(cursor: str | None, *, workspace: str, execution: str, key: bytes) -> Told:
    """What the cursor says; without one, nothing has been told. Raises `CursorInvalid`."""
    if cursor is None:
        return Told()
    said = json.loads(unseal(cursor, list=_name(workspace, execution), key=key))
    root = _root(execution)
    return Told(
        last=said["h"],
        texts={f"{root}{log}": Heard(*heard) for log, heard in said["t"].items()},
        status=None if said["s"] is None else ExecutionStatus(said["s"]),
        end=said["e"],
    )


def _root(execution: str) -> str:
    return f"log_{execution.partition('_')[2]}_"


def _name(workspace: str, execution: str) -> tuple[str, ...]:
    return (workspace, f"/executions/{execution}/events")
