"""How a workspace stands with its budget."""

from dataclasses import dataclass

from promptpilot import keys
from promptpilot.clock import epoch_ms, now
from promptpilot.domain.budget import BudgetState, month_of
from promptpilot.domain.budget_account import BudgetAccount
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.ports.table import Table
from promptpilot.services.budgets.accounts import kept_account
from promptpilot.services.budgets.reservations import MINUTE_MS
from promptpilot.services.budgets.settings import kept_budget
from promptpilot.services.ledger.reading import spent_in


@dataclass(frozen=True, slots=True)
class KeptState:
    """The state, and the revision of the setting."""

    state: BudgetState
    revision: int


def get_budget(principal: Principal, *, table: Table) -> KeptState:
    """The workspace's budget, and what is gone of it this month. Raises `Forbidden`."""
    principal.require(Action.BUDGET_READ)
    workspace, month = principal.workspace, month_of(now())
    kept = kept_budget(workspace, table=table)
    limit = kept.budget.monthly_micro_usd
    account = _account(workspace, month, table, counted=limit is not None)
    state = BudgetState(
        **kept.budget.model_dump(),
        month=month,
        spent_micro_usd=account.spent,
        reserved_micro_usd=account.held(epoch_ms() // MINUTE_MS),
        percentage=None if limit is None else round(account.spent * 100 / limit, 2),
        unknown_calls=account.unknown_calls,
    )
    return KeptState(state, kept.revision)


def _account(workspace: str, month: str, table: Table, *, counted: bool) -> BudgetAccount:
    """Where no budget has calls counted, what executions that have ended have cost."""
    item = table.get(keys.budget_account(workspace, month)) if counted else None
    if item is not None:
        return kept_account(item)
    spent = spent_in(workspace, month, table=table)
    return BudgetAccount(spent=spent.cost_micro_usd, unknown_calls=spent.unknown_calls)
