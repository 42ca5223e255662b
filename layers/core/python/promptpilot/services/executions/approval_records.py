"""Where approvals are kept: by id, newest first, and those that are pending by themselves."""

from dataclasses import dataclass, replace

from promptpilot import keys
from promptpilot.domain.approval import Approval, ApprovalStatus
from promptpilot.ports.table import Create, Item, Replace, Table

KIND = "approval"


@dataclass(frozen=True, slots=True)
class ApprovalRecord:
    """An approval, and the item that holds it."""

    approval: Approval
    item: Item

    def change(self, approval: Approval) -> Replace:
        """The operation that puts `approval` in this one's place, as long as this one stands."""
        item = approval_item(approval)
        return Replace(replace(item, revision=self.item.revision + 1))


def approval_item(approval: Approval) -> Item:
    """The item of an approval that was not there."""
    workspace = approval.workspace
    at = approval.model_dump(mode="json", include={"requested_at"})["requested_at"]
    pending = approval.status is ApprovalStatus.PENDING
    return Item(
        key=keys.approval(workspace, approval.id),
        kind=KIND,
        body=approval.model_dump_json(),
        gsi1=keys.approvals(workspace, at, approval.id),
        gsi2=keys.approvals_pending(workspace, at, approval.id) if pending else None,
    )


def load_approval(workspace: str, id: str, *, table: Table) -> ApprovalRecord | None:
    """The approval of that id; None where there is none."""
    item = table.get(keys.approval(workspace, id))
    return None if item is None else ApprovalRecord(Approval.model_validate_json(item.body), item)


def asking(fresh: Approval, known: ApprovalRecord | None) -> list[Create | Replace]:
    """The operation that asks: none where it is asked already; what has expired or was cancelled is
    asked again.
    """
    if known is None:
        return [Create(approval_item(fresh))]
    if known.approval.as_of(fresh.requested_at).status is ApprovalStatus.PENDING:
        return []
    return [known.change(fresh)]
