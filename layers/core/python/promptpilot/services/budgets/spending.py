"""Making calls of models within the budgets that they are taken from."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field

from promptpilot import keys
from promptpilot.clock import epoch_ms, now
from promptpilot.domain.budget import RunBudget, month_of
from promptpilot.domain.cost_estimate import most_micro_usd
from promptpilot.domain.model import ModelRequest
from promptpilot.errors import StoreUnavailable
from promptpilot.ports.models import Attachments, Models
from promptpilot.ports.offload import Offload
from promptpilot.ports.table import Table
from promptpilot.services.budgets.accounts import Drawn
from promptpilot.services.budgets.reservations import MINUTE_MS, Pay, Reserve, submit
from promptpilot.services.budgets.settings import BUDGETS
from promptpilot.services.ledger.reading import spent_in
from promptpilot.step_errors import BudgetExceeded

MARGIN_MS = 2 * MINUTE_MS
"""How much longer than its call may take a reservation holds."""

PAY_AGAIN_SECONDS = (0.1, 0.5, 1.0, 2.0)
"""Pauses after a payment that failed since the store was out of reach."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Spender:
    """The step whose calls are paid: `attempt` is its log's, `budgets` its execution's."""

    workspace: str
    log: str
    attempt: int
    budgets: Sequence[RunBudget] = ()


@dataclass(slots=True)
class Spend:
    """What one call has come to. It is paid when the call is over."""

    cost_micro_usd: int | None = 0

    def settle(self, cost_micro_usd: int | None) -> None:
        """Say what the call has cost, in micro-US-dollars; None is unknown: then what was set aside
        is taken for it. Without saying so it has cost nothing. What is said last counts.
        """
        self.cost_micro_usd = cost_micro_usd


@dataclass(slots=True)
class Budgeted:
    """Around one call of a model: set aside what it may cost at most, and pay what it did cost.

    `call` counts the calls of this try of the step from 1. Raises `BudgetExceeded` where a budget
    has no room for it, before anybody is asked, and `StoreUnavailable`. However the call ends, an
    error and cancellation included, what is set aside is given back. Where no budget is set, which
    is looked up every few seconds, nothing is read or written.
    """

    request: ModelRequest
    spender: Spender
    call: int
    _: KW_ONLY
    models: Models
    table: Table
    offload: Offload
    attachments: Attachments = field(default_factory=dict)
    _spend: Spend = field(default_factory=Spend, init=False)
    _reserved: Reserve | None = field(default=None, init=False)

    async def __aenter__(self) -> Spend:
        workspace = self.spender.workspace
        budget = await BUDGETS.known_soon(workspace, table=self.table, offload=self.offload)
        stop = budget.on_exceeded == "stop"
        if drawn := _drawn(self.spender, budget.monthly_micro_usd, stop=stop):
            change = self._reservation(drawn)
            await self.offload(_reserve, change)
            self._reserved = change
        return self._spend

    async def __aexit__(self, *_: object) -> None:
        if (reserved := self._reserved) is not None:
            cost = self._spend.cost_micro_usd
            await _pay(Pay(self.table, reserved.key, reserved.drawn, cost), self.offload)

    def _reservation(self, drawn: tuple[Drawn, ...]) -> Reserve:
        request, spender, models = self.request, self.spender, self.models
        amount = most_micro_usd(
            request, models.profile(request.model), models.price(request.model), self.attachments
        )
        key = keys.reserved(spender.workspace, spender.log, spender.attempt, self.call)
        lapses = (epoch_ms() + round(request.timeout * 1000) + MARGIN_MS) // MINUTE_MS + 1
        return Reserve(self.table, key, drawn, amount, lapses, _begins_with(drawn, self.table))


def _reserve(change: Reserve) -> None:
    outcome = submit(change)
    if outcome.refused_by is not None:
        drawn = outcome.refused_by
        reason = f"{drawn.name} has no room for a call that may cost {change.amount} micro-dollars."
        raise BudgetExceeded(reason=reason, limit=drawn.limit)


async def _pay(change: Pay, offload: Offload) -> None:
    """The call is over, and what it gave must not be lost with a store out of reach: then what is
    set aside lapses, and the budget does not know of the call.
    """
    for pause in PAY_AGAIN_SECONDS:
        try:
            await offload(submit, change)
        except StoreUnavailable as error:
            logger.warning("call not paid yet: %s", error, extra={"call": change.key.sort})
            await asyncio.sleep(pause)
        else:
            return
    logger.error("call not paid", extra={"call": change.key.sort, "cost": change.cost})


def _begins_with(drawn: Sequence[Drawn], table: Table) -> Callable[[], int]:
    """What a month has cost before it had an account; executions begin at nothing."""
    first = drawn[0]
    if first.workflow is not None:
        return lambda: 0
    return lambda: spent_in(first.workspace, first.of, table=table).cost_micro_usd


def _drawn(spender: Spender, monthly: int | None, *, stop: bool) -> tuple[Drawn, ...]:
    workspace = spender.workspace
    drawn = []
    if monthly is not None:
        month = month_of(now())
        key = keys.budget_account(workspace, month)
        drawn.append(Drawn(workspace, key, monthly, stop, month))
    for run in spender.budgets:
        key = keys.budget_account(workspace, run.execution_id)
        limit, execution = run.limit_micro_usd, run.execution_id
        drawn.append(Drawn(workspace, key, limit, True, execution, run.workflow_id))  # noqa: FBT003
    return tuple(drawn)
