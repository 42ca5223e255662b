"""Identifiers: `kind_` and a ULID, so that they sort by the time they were made."""

from typing import Annotated

from pydantic import StringConstraints
from ulid import ULID

_ULID = "[0-9A-HJKMNP-TV-Z]{26}"


def new_id(kind: str) -> str:
    """A new identifier of that kind: `new_id("prompt")` -> `prompt_01J...`."""
    return f"{kind}_{ULID()}"


UserId = Annotated[str, StringConstraints(pattern=f"^user_{_ULID}$")]
WorkspaceId = Annotated[str, StringConstraints(pattern=f"^ws_{_ULID}$")]
PromptId = Annotated[str, StringConstraints(pattern=f"^prompt_{_ULID}$")]
WorkflowId = Annotated[str, StringConstraints(pattern=f"^workflow_{_ULID}$")]
ExecutionId = Annotated[str, StringConstraints(pattern=f"^execution_{_ULID}$")]
FeedbackId = Annotated[str, StringConstraints(pattern=f"^feedback_{_ULID}$")]
