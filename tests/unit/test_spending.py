"""Calls of models within budgets: nobody is asked beyond one, and nothing is kept from the next."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from promptpilot import keys
from promptpilot.domain.budget import Budget, RunBudget
from promptpilot.domain.ids import new_id
from promptpilot.domain.message import Message
from promptpilot.domain.model import Completion, ModelRequest, Settings, Usage
from promptpilot.domain.permissions import Role
from promptpilot.domain.price import Price
from promptpilot.domain.pricing import cost_micro_usd
from promptpilot.domain.principal import Principal
from promptpilot.errors import StoreUnavailable
from promptpilot.ports.table import Create, Item, Key, Operation
from promptpilot.services import setting
from promptpilot.services.budgets import spending
from promptpilot.services.budgets.settings import put_budget
from promptpilot.services.budgets.spending import Budgeted, Spender
from promptpilot.services.budgets.state import get_budget
from promptpilot.step_errors import BudgetExceeded, ModelOverloaded
from tests.fakes import MemoryTable, ScriptedModel, ScriptedModels
from tests.unit.world import World

PRICE = Price(input_per_million=1, output_per_million=10, as_of="2026-11-01")
ANSWER = Completion(text="ok", model="m", usage=Usage(input_tokens=5, output_tokens=20))
COST = 205


class CountingTable(MemoryTable):
    """Counts what is read and written."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.lost = 0

    def get(self, key: Key) -> Item | None:
        self.asked += 1
        return super().get(key)

    def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
        self.asked += 1
        if self.lost:
            self.lost -= 1
            raise StoreUnavailable
        super().write(operations, durable=durable)


class Office:
    """A workspace that asks a model with a price."""

    def __init__(self, model: ScriptedModel | None = None) -> None:
        self.table = CountingTable()
        self.model = model or ScriptedModel(lambda _: ANSWER, price=PRICE)
        self.models = ScriptedModels({"fake/echo": self.model})
        self.admin = Principal(new_id("user"), new_id("ws"), Role.ADMIN)
        self.calls = 0

    def set_budget(self, micro_usd: int | None, **fields: Any) -> None:
        budget = Budget(monthly_micro_usd=micro_usd, **fields)
        put_budget(self.admin, budget, table=self.table)

    async def ask(
        self, *, cost: int | str | None = "as told", budgets: Sequence[RunBudget] = ()
    ) -> Completion:
        request = ModelRequest(
            model="fake/echo",
            messages=(Message(role="user", content="Hello"),),
            settings=Settings(max_tokens=100),
        )
        self.calls += 1
        log = f"log_{'0' * 26}_{self.calls}"
        async with Budgeted(
            request,
            Spender(self.admin.workspace, log, 1, budgets),
            1,
            models=self.models,
            table=self.table,
            offload=World.in_place,
        ) as spend:
            answer = await self.model.complete(request)
            told = cost_micro_usd(answer.usage, self.model.price) if cost == "as told" else cost
            assert not isinstance(told, str)
            spend.settle(told)
            return answer

    @property
    def state(self) -> tuple[int, int, int]:
        state = get_budget(self.admin, table=self.table).state
        return state.spent_micro_usd, state.reserved_micro_usd, state.unknown_calls


async def test_a_call_is_paid_what_it_has_cost() -> None:
    office = Office()
    office.set_budget(10_000)
    await office.ask()
    assert office.state == (COST, 0, 0)


async def test_beyond_the_budget_nobody_is_asked() -> None:
    office = Office()
    office.set_budget(1_000)
    with pytest.raises(BudgetExceeded) as raised:
        await office.ask()
    assert office.model.requests == []
    assert raised.value.limit == 1_000
    assert office.state == (0, 0, 0)


async def test_of_calls_at_the_same_time_those_are_made_that_all_fit() -> None:
    gate = asyncio.Event()
    office = Office(ScriptedModel(lambda _: ANSWER, price=PRICE, gate=gate))
    office.set_budget(2_600)  # what one call may cost at most is a little over 1,000
    running = [asyncio.create_task(office.ask()) for _ in range(30)]
    done, waiting = await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
    while len(waiting) > 2:
        done, waiting = await asyncio.wait(running, timeout=0)
    assert all(isinstance(each.exception(), BudgetExceeded) for each in done)
    assert len(office.model.requests) == 2
    gate.set()
    await asyncio.wait(waiting)
    assert office.state == (2 * COST, 0, 0)


async def test_while_calls_run_what_they_may_cost_is_set_aside() -> None:
    gate = asyncio.Event()
    office = Office(ScriptedModel(lambda _: ANSWER, price=PRICE, gate=gate))
    office.set_budget(1_500)
    running = asyncio.create_task(office.ask())
    await office.model.arrived.wait()
    assert 1_000 < office.state[1] < 1_500
    with pytest.raises(BudgetExceeded):
        await office.ask()
    gate.set()
    await running
    assert office.state == (COST, 0, 0)


async def test_a_call_that_fails_gives_back_what_was_set_aside() -> None:
    office = Office(ScriptedModel([ModelOverloaded()], price=PRICE))
    office.set_budget(10_000)
    with pytest.raises(ModelOverloaded):
        await office.ask()
    assert office.state == (0, 0, 0)


async def test_a_call_that_is_cancelled_gives_back_what_was_set_aside() -> None:
    office = Office(ScriptedModel(lambda _: ANSWER, price=PRICE, gate=asyncio.Event()))
    office.set_budget(10_000)
    running = asyncio.create_task(office.ask())
    await office.model.arrived.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert office.state == (0, 0, 0)


async def test_a_model_of_unknown_price_goes_on_where_the_budget_is_gone() -> None:
    office = Office()
    office.set_budget(1_100)
    await office.ask()
    office.model.price = None
    await office.ask(cost=None)
    assert office.state == (COST, 0, 1)


async def test_without_a_budget_nothing_is_read_or_written() -> None:
    office = Office()
    await office.ask()
    asked = office.table.asked
    for _ in range(5):
        await office.ask()
    assert office.table.asked == asked == 1


async def test_a_budget_is_looked_up_again_after_some_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = Office()
    await office.ask()
    stored = Item(keys.budget(office.admin.workspace), "budget", '{"monthly_micro_usd":1}')
    office.table.write([Create(stored)])
    await office.ask()
    later = setting.time.monotonic() + setting.KNOWN_SECONDS
    monkeypatch.setattr(setting.time, "monotonic", lambda: later)
    with pytest.raises(BudgetExceeded):
        await office.ask()


async def test_an_execution_has_no_more_than_its_own_budget_and_those_above_it() -> None:
    office = Office()
    ids = [new_id("execution") for _ in range(2)]
    whole, inner = (
        RunBudget(execution_id=each, workflow_id=new_id("workflow"), limit_micro_usd=limit)
        for each, limit in zip(ids, (1_600, 5_000), strict=True)
    )
    for _ in range(2):
        await office.ask(budgets=[whole, inner])
    await office.ask(budgets=[whole])
    with pytest.raises(BudgetExceeded, match=ids[0]):
        await office.ask(budgets=[whole, inner])
    await office.ask(budgets=[inner])
    assert office.state[0] == 0  # no budget of the month, so nobody counts for it


async def test_what_one_budget_refuses_is_taken_from_none() -> None:
    office = Office()
    office.set_budget(10_000)
    run = RunBudget(
        execution_id=new_id("execution"), workflow_id=new_id("workflow"), limit_micro_usd=1
    )
    with pytest.raises(BudgetExceeded, match="execution_"):
        await office.ask(budgets=[run])
    assert office.state == (0, 0, 0)


async def test_an_answer_is_not_lost_where_it_cannot_be_paid_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spending, "PAY_AGAIN_SECONDS", (0.0, 0.0))
    gate = asyncio.Event()
    office = Office(ScriptedModel(lambda _: ANSWER, price=PRICE, gate=gate))
    office.set_budget(10_000)
    running = asyncio.create_task(office.ask())
    await office.model.arrived.wait()
    office.table.lost = 1
    gate.set()
    assert await running is ANSWER
    assert office.state == (COST, 0, 0)


async def test_an_answer_is_not_lost_where_it_cannot_be_paid_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spending, "PAY_AGAIN_SECONDS", (0.0, 0.0))
    gate = asyncio.Event()
    office = Office(ScriptedModel(lambda _: ANSWER, price=PRICE, gate=gate))
    office.set_budget(10_000)
    running = asyncio.create_task(office.ask())
    await office.model.arrived.wait()
    office.table.lost = 2
    gate.set()
    assert await running is ANSWER
    assert office.state[1] > 0
