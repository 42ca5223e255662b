"""Identifiers: `kind_` and a ULID, so that they sort by the time they were made."""

import threading
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints
from ulid import ULID

_ULID = "[0-9A-HJKMNP-TV-Z]{26}"


_last = 0
_lock = threading.Lock()


def new_id(kind: str) -> str:
    """A new identifier of that kind: `new_id("prompt")` -> `prompt_01J...`.

    Within a process each is greater than the one before, also in the same millisecond and when the
    clock is set back, so that lists keep the order in which things were made.
    """
    global _last
    fresh = int(ULID())
    with _lock:
        _last = fresh if fresh > _last else _last + 1
        return f"{kind}_{ULID.from_int(_last)}"


def user_id_of(subject: UUID) -> str:
    """The user id of who an identity provider calls `subject`: the same 128 bits, so no table has
    to say which belongs to which. Such ids do not sort by time.
    """
    return f"user_{ULID.from_bytes(subject.bytes)}"


UserId = Annotated[str, StringConstraints(pattern=f"^user_{_ULID}$")]
WorkspaceId = Annotated[str, StringConstraints(pattern=f"^ws_{_ULID}$")]
PromptId = Annotated[str, StringConstraints(pattern=f"^prompt_{_ULID}$")]
WorkflowId = Annotated[str, StringConstraints(pattern=f"^workflow_{_ULID}$")]
ExecutionId = Annotated[str, StringConstraints(pattern=f"^execution_{_ULID}$")]
FeedbackId = Annotated[str, StringConstraints(pattern=f"^feedback_{_ULID}$")]
