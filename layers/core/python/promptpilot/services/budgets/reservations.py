"""Setting money aside for a call before it is made, and paying it afterwards.

Every call has an item of its own that says what is set aside for it in which accounts. It is
written and removed in the transactions that change the accounts, so whatever is tried again, money
is set aside and paid once. What a worker leaves behind that dies lapses; who pays later than that
still pays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from promptpilot.clock import epoch_ms
from promptpilot.domain.base import Model
from promptpilot.domain.budget import WARNED_AT
from promptpilot.domain.budget_account import BudgetAccount
from promptpilot.ports.table import (
    MAX_WRITE_OPERATIONS,
    Create,
    Delete,
    Item,
    Key,
    Operation,
    Replace,
    Table,
)
from promptpilot.services.budgets.accounts import Drawn, account_item, kept_account, news
from promptpilot.services.budgets.batches import Batches

KIND = "reserved"
OPERATIONS_OF_ACCOUNT = 1 + len(WARNED_AT)
"""An account that is changed may have something to tell at each percentage."""
MINUTE_MS = 60_000
PAID_LATE_SECONDS = 24 * 3600
"""How long after its reservation has lapsed a call can still be paid."""


class Reserved(Model):
    """What is set aside for a call, until the minute (since 1970) in which it lapses."""

    amount: int
    lapses: int


@dataclass(frozen=True, slots=True)
class Reserve:
    """Set `amount` micro-US-dollars aside in all of `drawn`, or in none. `begins_with` is what is
    spent already of the first one where it has no account yet.
    """

    place: Table
    key: Key
    drawn: tuple[Drawn, ...]
    amount: int
    lapses: int
    begins_with: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Pay:
    """Pay what a call has cost, or, where that is unknown, what was set aside for it."""

    place: Table
    key: Key
    drawn: tuple[Drawn, ...]
    cost: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: for a reservation, which budget refuses it; whether anything changed."""

    changed: bool
    refused_by: Drawn | None = None


@dataclass(slots=True)
class _Accounts:
    """The accounts that a batch changes: as they were read, and as they are to be."""

    found: dict[Key, Item | None]
    minute: int
    now: dict[Key, BudgetAccount] = field(default_factory=dict)
    changed: dict[Key, None] = field(default_factory=dict)
    told: list[Operation] = field(default_factory=list)

    def of(self, drawn: Drawn, begins_with: Callable[[], int] | None = None) -> BudgetAccount:
        if drawn.key not in self.now:
            item = self.found[drawn.key]
            if item is not None:
                self.now[drawn.key] = kept_account(item)
            else:
                spent = begins_with() if begins_with is not None else 0
                self.now[drawn.key] = BudgetAccount(spent=spent)
        return self.now[drawn.key]

    def put(self, drawn: Drawn, account: BudgetAccount, *, refused: bool = False) -> None:
        percents = account.to_tell(drawn.limit, refused=refused)
        self.told += news(drawn, account, percents)
        self.now[drawn.key] = account.telling(drawn.limit, percents)
        self.changed[drawn.key] = None

    def operations(self) -> list[Operation]:
        accounts = [account_item(key, self.found[key], self.now[key]) for key in self.changed]
        return [*accounts, *self.told]


def submit(change: Reserve | Pay) -> Outcome:
    """Make a change, together with others that are under way. Raises `StoreUnavailable`."""
    return _BATCHES.submit(change)


def fit(changes: Sequence[Reserve | Pay]) -> bool:
    """Whether one transaction can make these changes."""
    if any(change.place is not changes[0].place for change in changes):
        return False
    accounts = {drawn.key for change in changes for drawn in change.drawn}
    return len(changes) + len(accounts) * OPERATIONS_OF_ACCOUNT <= MAX_WRITE_OPERATIONS


def make(changes: Sequence[Reserve | Pay]) -> list[Outcome]:
    """Make changes to one table in one write. Raises `ConditionFailed` where others were faster."""
    table = changes[0].place
    places = dict.fromkeys(
        key for change in changes for key in (change.key, *(each.key for each in change.drawn))
    )
    found = dict(zip(places, table.get_many(list(places)), strict=True))
    accounts = _Accounts(found, epoch_ms() // MINUTE_MS)
    kept: dict[Key, Item | None] = {change.key: found[change.key] for change in changes}
    outcomes = []
    for change in changes:
        if isinstance(change, Reserve):
            outcomes.append(_reserve(change, accounts, kept))
        else:
            outcomes.append(_pay(change, accounts, kept))
    operations = accounts.operations() + _differences(found, kept)
    if operations:
        table.write(operations, durable=False)
    return outcomes


_BATCHES: Batches[Reserve | Pay, Outcome] = Batches(make, fit)


def _reserve(change: Reserve, accounts: _Accounts, kept: dict[Key, Item | None]) -> Outcome:
    before = _read(kept[change.key])
    states = []
    for place, drawn in enumerate(change.drawn):
        account = accounts.of(drawn, None if place else change.begins_with)
        if before is not None:  # a call of before its worker died: this one is in its place
            account = account.holding(-before.amount, before.lapses, accounts.minute)
        if drawn.stop and not account.has_room(change.amount, drawn.limit, accounts.minute):
            if account.to_tell(drawn.limit, refused=True):
                accounts.put(drawn, accounts.of(drawn), refused=True)
            return Outcome(changed=False, refused_by=drawn)
        states.append((drawn, account.holding(change.amount, change.lapses, accounts.minute)))
    for drawn, account in states:
        accounts.put(drawn, account)
    kept[change.key] = _reserved_item(change)
    return Outcome(changed=True)


def _pay(change: Pay, accounts: _Accounts, kept: dict[Key, Item | None]) -> Outcome:
    before = _read(kept[change.key])
    if before is None:
        return Outcome(changed=False)
    cost = before.amount if change.cost is None else change.cost
    for drawn in change.drawn:
        account = accounts.of(drawn).holding(-before.amount, before.lapses, accounts.minute)
        accounts.put(drawn, account.paying(cost, change.cost is None))
    kept[change.key] = None
    return Outcome(changed=True)


def _read(item: Item | None) -> Reserved | None:
    return None if item is None else Reserved.model_validate_json(item.body)


def _reserved_item(change: Reserve) -> Item:
    body = Reserved(amount=change.amount, lapses=change.lapses).model_dump_json()
    expires_at = change.lapses * 60 + PAID_LATE_SECONDS
    return Item(change.key, KIND, body, expires_at=expires_at)


def _differences(found: dict[Key, Item | None], kept: dict[Key, Item | None]) -> list[Operation]:
    """The operations that make of the items that were found those that are to be kept."""
    operations: list[Operation] = []
    for key, item in kept.items():
        before = found[key]
        if item is before:
            continue
        if item is None:
            assert before is not None
            operations.append(Delete(key, revision=before.revision))
        elif before is None:
            operations.append(Create(item))
        else:
            operations.append(Replace(replace(item, revision=before.revision + 1)))
    return operations
