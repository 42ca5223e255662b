"""An execution whose steps ask people."""

from datetime import timedelta
from typing import Any

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.approval import Approval, Decision
from promptpilot.domain.identity import User
from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Role
from promptpilot.domain.principal import Principal
from promptpilot.ports.table import Item, Put
from promptpilot.services.executions.approval_lists import ApprovalFilters, list_approvals
from promptpilot.services.executions.approvals import (
    decide_approval,
)
from tests.unit.kinds_world import KindsWorld

FORM = {
    "type": "object",
    "properties": {"audience": {"enum": ["team", "company"]}},
    "required": ["audience"],
    "additionalProperties": False,
}
APPROVE = Decision(decision="approve")
REJECT = Decision(decision="reject")


class Asking(KindsWorld):
    """A world with an execution of three steps: `ask`, `also`, which asks too, and `then`."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(
            {"id": "ask", "kind": "approval", "message": "Well?", **fields},
            {"id": "also", "kind": "approval"},
            {"id": "then", "kind": "prompt"},
        )
        self.execution = self.run()

    async def ask(self, step: str = "ask", **fields: Any) -> Approval:
        await self.do(self.execution, step, message="Well?", **fields)
        return self.approval(step)

    def approval(self, step: str = "ask") -> Approval:
        page = list_approvals(self.principal, filters=ApprovalFilters(), table=self.ports.table)
        return next(each for each in page.items if each.step == step)

    def decide(self, decision: Decision, who: Principal | None = None, step: str = "ask") -> Any:
        return decide_approval(
            who or self.principal,
            self.approval(step).id,
            decision,
            table=self.ports.table,
            blobs=self.ports.blobs,
            orchestrator=self.orchestrator,
        )

    def somebody(self, role: Role, email: str | None = None) -> Principal:
        """Another member of the workspace."""
        user = new_id("user")
        if email is not None:
            person = User(
                id=user,
                email=email,
                name="Two",
                personal_workspace=new_id("ws"),
                created_at=now(),
            )
            item = Item(keys.user(user), "user", person.model_dump_json())
            self.ports.table.write([Put(item)])
        return Principal(user, self.principal.workspace, role)

    def later(self, **time: float) -> Any:
        """A clock that is ahead."""
        moment = now() + timedelta(**time)
        return lambda: moment

    def log(self, step: str = "ask") -> Any:
        return next(each for each in self.logs(self.execution) if each.step == step)
