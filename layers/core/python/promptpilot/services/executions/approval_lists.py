"""Lists of approvals."""

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.approval import Approval, ApprovalStatus
from promptpilot.domain.base import Model
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.ports.table import Index, Position, Table
from promptpilot.services.executions.approval_access import email_of

SCANNED_PAGES = 10
PAGE_BYTES = 1_000_000
"""What is found of a list is told once it comes to so much: messages and forms may be long, and
Lambda answers with 6 MB at most.
"""


class ApprovalFilters(Model):
    """Which approvals a list shows; `mine` are those that the caller may decide."""

    status: ApprovalStatus | None = None
    mine: bool = False


class ApprovalPage(Model):
    """Approvals, newest first; a page may hold fewer than asked for, and still have a next one."""

    items: tuple[Approval, ...]
    next: Position | None = None


def list_approvals(
    principal: Principal,
    *,
    filters: ApprovalFilters,
    limit: int = 50,
    after: Position | None = None,
    table: Table,
) -> ApprovalPage:
    """Approvals of the workspace as they stand now, newest first."""
    principal.require(Action.APPROVAL_READ)
    if filters.status is ApprovalStatus.PENDING:
        index, partition = Index.GSI2, keys.approvals_pending(principal.workspace).partition
    else:
        index, partition = Index.GSI1, keys.approvals(principal.workspace).partition
    email = email_of(principal, table=table) if filters.mine else None
    moment = now()

    def shown(approval: Approval) -> bool:
        if filters.status not in {None, approval.status}:
            return False
        return not filters.mine or approval.may_be_decided_by(principal.user, email, principal.role)

    found: list[Approval] = []
    size = 0
    for _ in range(SCANNED_PAGES):
        page = table.query(
            partition, index=index, limit=limit - len(found), after=after, descending=True
        )
        for item in page.items:
            approval = Approval.model_validate_json(item.body).as_of(moment)
            if shown(approval):
                found.append(approval)
                size += len(item.body)
        after = page.next
        if after is None or len(found) >= limit or size >= PAGE_BYTES:
            break
    return ApprovalPage(items=tuple(found), next=after)
