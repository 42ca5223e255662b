"""The accounts of budgets as items."""

from dataclasses import dataclass

from promptpilot.clock import epoch_ms
from promptpilot.domain.budget import EXCEEDED
from promptpilot.domain.budget_account import BudgetAccount
from promptpilot.domain.event import Event, EventType
from promptpilot.ports.table import Create, Item, Key, Operation, Replace
from promptpilot.services.outbox import outbox

KIND = "budget_account"
KEPT_SECONDS = 400 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Drawn:
    """A budget that a call is taken from: the place of its account, its limit in micro-US-dollars,
    and whether a call that could go beyond it is refused. `of` is its month, or its execution with
    the `workflow` whose budget it is.
    """

    workspace: str
    key: Key
    limit: int
    stop: bool
    of: str
    workflow: str | None = None

    @property
    def name(self) -> str:
        """What it is called in an error."""
        if self.workflow is None:
            return f"The workspace's budget of {self.of}"
        return f"The budget of the execution {self.of}"


def kept_account(item: Item) -> BudgetAccount:
    """The account that an item holds."""
    return BudgetAccount.model_validate_json(item.body)


def account_item(key: Key, item: Item | None, account: BudgetAccount) -> Operation:
    """The operation that writes the account in place of `item`, if that still stands."""
    expires_at = epoch_ms() // 1000 + KEPT_SECONDS
    body = account.model_dump_json()
    if item is None:
        return Create(Item(key, KIND, body, expires_at=expires_at))
    return Replace(Item(key, KIND, body, revision=item.revision + 1, expires_at=expires_at))


def news(drawn: Drawn, account: BudgetAccount, percents: tuple[int, ...]) -> list[Operation]:
    """The operations that tell that so much of the budget is spent, or at the end that it stops
    calls.
    """
    return [outbox(_event(drawn, account, percent)) for percent in percents]


def _event(drawn: Drawn, account: BudgetAccount, percent: int) -> Event:
    exceeded = percent == EXCEEDED
    execution = {} if drawn.workflow is None else {"execution": drawn.of}
    return Event.of(
        EventType.BUDGET_EXCEEDED if exceeded else EventType.BUDGET_WARNED,
        workspace=drawn.workspace,
        actor="system",
        subject=drawn.workspace if drawn.workflow is None else drawn.of,
        budget="month" if drawn.workflow is None else "run",
        month=drawn.of if drawn.workflow is None else None,
        workflow=drawn.workflow,
        percentage=percent,
        limit_micro_usd=drawn.limit,
        spent_micro_usd=account.spent,
        **execution,
    )
