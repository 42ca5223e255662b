"""Identifiers: `kind_` and a ULID, so that they sort by the time they were made."""

import os
import threading
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints
from ulid import ULID

from promptpilot.clock import epoch_ms

_ULID = "[0-9A-HJKMNP-TV-Z]{26}"


_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(first + second for first in _DIGITS for second in _DIGITS)
"""Two digits at once: ten bits each of the 130 that 26 digits have room for."""
_SHIFTS = range(120, -1, -10)
_RANDOM_BYTES = 10

_last = 0
_lock = threading.Lock()


def new_id(kind: str) -> str:
    """A new identifier of that kind: `new_id("prompt")` -> `prompt_01J...`.

    Within a process each is greater than the one before, also in the same millisecond and when the
    clock is set back, so that lists keep the order in which things were made.
    """
    global _last
    fresh = epoch_ms() << 8 * _RANDOM_BYTES | int.from_bytes(os.urandom(_RANDOM_BYTES))
    with _lock:
        _last = made = fresh if fresh > _last else _last + 1
    return f"{kind}_{_text(made)}"


def _text(ulid: int) -> str:
    return "".join([_PAIRS[ulid >> shift & 1023] for shift in _SHIFTS])


def user_id_of(subject: UUID) -> str:
    """The user id of who an identity provider calls `subject`: the same 128 bits, so no table has
    to say which belongs to which. Such ids do not sort by time.
    """
    return f"user_{ULID.from_bytes(subject.bytes)}"


_TIME_BYTES = 6
"""How many of a ULID's 16 bytes are its time."""


def derived_id(kind: str, root: str, *parts: str) -> str:
    """The identifier of what belongs to `root` (an identifier) and is told apart by `parts`: the
    root's time, and 80 bits of a SHA-256. Whoever makes the same thing again gives it the same id.
    """
    digest = sha256("\n".join((kind, root, *parts)).encode()).digest()
    time = ULID.from_str(root.partition("_")[2]).bytes[:_TIME_BYTES]
    return f"{kind}_{ULID.from_bytes(time + digest[: 16 - _TIME_BYTES])}"


UserId = Annotated[str, StringConstraints(pattern=f"^user_{_ULID}$")]
WorkspaceId = Annotated[str, StringConstraints(pattern=f"^ws_{_ULID}$")]
PromptId = Annotated[str, StringConstraints(pattern=f"^prompt_{_ULID}$")]
WorkflowId = Annotated[str, StringConstraints(pattern=f"^workflow_{_ULID}$")]
ExecutionId = Annotated[str, StringConstraints(pattern=f"^execution_{_ULID}$")]
FeedbackId = Annotated[str, StringConstraints(pattern=f"^feedback_{_ULID}$")]
ApprovalId = Annotated[str, StringConstraints(pattern=f"^approval_{_ULID}$")]
RunId = Annotated[str, StringConstraints(pattern=f"^run_{_ULID}$")]
