"""Approvals: what somebody is asked in the middle of an execution, and what they decide."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from promptpilot.domain.base import Model, Timestamp
from promptpilot.domain.ids import (
    ApprovalId,
    ExecutionId,
    UserId,
    WorkflowId,
    WorkspaceId,
    derived_id,
)
from promptpilot.domain.json_value import JsonValue
from promptpilot.domain.permissions import Role, at_least
from promptpilot.domain.step_job import StepPlace

DEFAULT_ROLE = Role.EDITOR
"""Who may decide where a step names neither a role nor users."""

Comment = Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000)]


class ApprovalStatus(StrEnum):
    """Where an approval stands; all but the first are final, but an execution that is resumed asks
    again what had expired or was cancelled.
    """

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Decision(Model):
    """What somebody decides. `form` is what they fill in, by the schema that the approval has;
    with a rejection it may be left out.
    """

    decision: Literal["approve", "reject"]
    comment: Comment | None = None
    form: Annotated[Mapping[str, JsonValue], Field(max_length=1_000)] | None = None


OUTCOMES: Mapping[str, ApprovalStatus] = {
    "approve": ApprovalStatus.APPROVED,
    "reject": ApprovalStatus.REJECTED,
}
"""What becomes of an approval by each decision."""


class Approval(Model):
    """One question to people. Whoever is named in `users` (by email or id) may decide, and whoever
    has `role` or a more powerful one; `role` is None where only `users` may.

    `form` is the JSON Schema of `form_values`.
    """

    id: ApprovalId
    workspace: WorkspaceId
    execution_id: ExecutionId
    workflow_id: WorkflowId
    log_id: str
    step: str
    path: str
    iteration: str | None = None
    message: str = ""
    form: Mapping[str, Any] | None = None
    role: Role | None = None
    users: tuple[str, ...] = ()
    status: ApprovalStatus = ApprovalStatus.PENDING
    requested_at: Timestamp
    expires_at: Timestamp
    decided_by: UserId | None = None
    decided_at: Timestamp | None = None
    comment: str | None = None
    form_values: Mapping[str, Any] | None = None

    def as_of(self, moment: Timestamp) -> "Approval":
        """How it stands at a time: nobody writes down that one has expired until it matters."""
        if self.status is ApprovalStatus.PENDING and moment >= self.expires_at:
            return self.model_copy(update={"status": ApprovalStatus.EXPIRED})
        return self

    def may_be_decided_by(self, user: str, email: str | None, role: Role) -> bool:
        """Whether that member of the workspace may decide."""
        if self.role is not None and at_least(role, self.role):
            return True
        named = {each.casefold() for each in self.users}
        return user.casefold() in named or (email is not None and email.casefold() in named)

    @property
    def result(self) -> dict[str, Any]:
        """What the step gives, of one that is decided."""
        moment = self.model_dump(mode="json", include={"decided_at"})["decided_at"]
        return {
            "decision": self.status.value,
            "comment": self.comment,
            "form": self.form_values,
            "by": self.decided_by,
            "at": moment,
        }


def approval_id(execution: str, place: StepPlace) -> str:
    """The id of the approval of a step in an execution: computed, so that asking is idempotent."""
    return derived_id("approval", execution, place.path, place.iteration or "")
