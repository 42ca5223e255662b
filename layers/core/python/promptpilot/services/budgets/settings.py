"""The budget of a workspace: the setting."""

from dataclasses import dataclass

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.budget import Budget, month_of
from promptpilot.domain.budget_account import BudgetAccount
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.errors import ConditionFailed, RevisionConflict, StoreUnavailable
from promptpilot.ports.table import Create, Item, Operation, Replace, Table
from promptpilot.services.budgets.accounts import account_item, kept_account
from promptpilot.services.ledger.reading import spent_in
from promptpilot.services.outbox import outbox
from promptpilot.services.setting import Setting

KIND = "budget"
_RACES = 20

NONE = Budget()
BUDGETS = Setting(KIND, keys.budget, NONE)
"""As model calls know them: perhaps some seconds old, so that who has none pays no read for it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The setting as it was read. Before it is first set its revision is 1, too."""

    budget: Budget
    item: Item | None

    @property
    def revision(self) -> int:
        """What changes with every change."""
        return 1 if self.item is None else self.item.revision + 1


def put_budget(
    principal: Principal, budget: Budget, *, revision: int | None = None, table: Table
) -> None:
    """Set the workspace's budget, of which what the month's executions have cost is gone already.

    Raises `Forbidden`, `RevisionConflict` where `revision` is given and is not the setting's.
    """
    principal.require(Action.BUDGET_WRITE)
    for _ in range(_RACES):
        kept = kept_budget(principal.workspace, table=table)
        if revision is not None and revision != kept.revision:
            raise RevisionConflict(current=kept.revision)
        try:
            table.write(_changes(principal, budget, kept, table))
        except ConditionFailed:
            continue
        BUDGETS.changed(principal.workspace, budget)
        return
    raise StoreUnavailable(reason="The budget is contended.")


def _changes(principal: Principal, budget: Budget, kept: Kept, table: Table) -> list[Operation]:
    workspace, body = principal.workspace, budget.model_dump_json()
    event = Event.of(
        EventType.WORKSPACE_BUDGET_CHANGED,
        workspace=workspace,
        actor=principal.user,
        subject=workspace,
        **budget.model_dump(mode="json"),
    )
    changed: Create | Replace = Create(Item(keys.budget(workspace), KIND, body))
    if kept.item is not None:
        changed = Replace(kept.item.next(body))
    caught_up = [] if budget.monthly_micro_usd is None else _caught_up(workspace, table)
    return [changed, outbox(event), *caught_up]


def _caught_up(workspace: str, table: Table) -> list[Operation]:
    """Without a budget nobody counted."""
    month = month_of(now())
    key = keys.budget_account(workspace, month)
    item = table.get(key)
    account = BudgetAccount() if item is None else kept_account(item)
    spent = max(account.spent, spent_in(workspace, month, table=table).cost_micro_usd)
    return [account_item(key, item, account.model_copy(update={"spent": spent}))]


def kept_budget(workspace: str, *, table: Table) -> Kept:
    """The setting as of now."""
    item = table.get(keys.budget(workspace))
    return Kept(NONE if item is None else Budget.model_validate_json(item.body), item)
