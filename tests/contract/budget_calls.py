"""Calls that are taken from one budget, on any table."""

from dataclasses import dataclass, field

from promptpilot import keys
from promptpilot.clock import epoch_ms
from promptpilot.domain.budget_account import BudgetAccount
from promptpilot.domain.event import Event
from promptpilot.domain.ids import new_id
from promptpilot.ports.table import Table
from promptpilot.services.budgets.accounts import Drawn, kept_account
from promptpilot.services.budgets.batches import Batches
from promptpilot.services.budgets.reservations import (
    MINUTE_MS,
    Outcome,
    Pay,
    Reserve,
    fit,
    make,
)

MONTH = "2026-11"


def process() -> Batches[Reserve | Pay, Outcome]:
    """What a process changes accounts through."""
    return Batches(make, fit)


@dataclass
class BudgetOfMonth:
    """A workspace's budget. Calls are numbered; each is the first of the step of that ordinal."""

    table: Table
    limit: int = 100
    stop: bool = True
    workspace: str = field(default_factory=lambda: new_id("ws"))
    process: Batches[Reserve | Pay, Outcome] = field(default_factory=process)
    run: str = field(default_factory=lambda: new_id("run"))

    @property
    def drawn(self) -> tuple[Drawn, ...]:
        key = keys.budget_account(self.workspace, MONTH)
        return (Drawn(self.workspace, key, self.limit, self.stop, MONTH),)

    def key(self, call: int, attempt: int = 1) -> keys.Key:
        log = f"log_{self.run.partition('_')[2]}_{call + 1}"
        return keys.reserved(self.workspace, log, attempt, 1)

    def reserve(self, call: int, amount: int, *, attempt: int = 1, minutes: int = 3) -> bool:
        """Whether there was room."""
        lapses = epoch_ms() // MINUTE_MS + minutes
        change = Reserve(self.table, self.key(call, attempt), self.drawn, amount, lapses, lambda: 0)
        return self.process.submit(change).refused_by is None

    def pay(self, call: int, cost: int | None, *, attempt: int = 1) -> bool:
        """Whether it was paid now, and not before."""
        change = Pay(self.table, self.key(call, attempt), self.drawn, cost)
        return self.process.submit(change).changed

    @property
    def account(self) -> BudgetAccount:
        item = self.table.get(self.drawn[0].key)
        return BudgetAccount() if item is None else kept_account(item)

    @property
    def held(self) -> int:
        return self.account.held(epoch_ms() // MINUTE_MS)

    def told(self) -> list[tuple[str, int]]:
        """The events, oldest first: their types and percentages."""
        page = self.table.query(keys.outbox(self.workspace, self.workspace, "").partition)
        events = [Event.model_validate_json(item.body) for item in page.items]
        return [(str(event.type), event.data["percentage"]) for event in events]
