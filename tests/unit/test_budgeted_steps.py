"""Steps whose model calls are taken from budgets."""

from typing import Any

from promptpilot.domain.budget import Budget
from promptpilot.domain.model import Completion, Usage
from promptpilot.domain.permissions import Role
from promptpilot.domain.price import Price
from promptpilot.domain.principal import Principal
from promptpilot.services.budgets.settings import put_budget
from promptpilot.services.budgets.state import get_budget
from promptpilot.step_errors import ModelRefused
from tests.fakes import Script, ScriptedModel
from tests.unit.control import calling
from tests.unit.kinds_world import KindsWorld

PRICE = Price(input_per_million=0, output_per_million=1, as_of="2026-11-01")
ANSWER = Completion(text="ok", model="m", usage=Usage(output_tokens=40))
LIMITED = {"id": "one", "kind": "prompt", "settings": {"max_tokens": 100}}


class Paying(KindsWorld):
    """A world whose model's answers cost 40 micro-dollars, and could cost 100."""

    def __init__(self, *steps: Any, script: Script = lambda _: ANSWER, **fields: Any) -> None:
        super().__init__(model=ScriptedModel(script, price=PRICE))
        self.workflow = self.made(*(steps or (LIMITED,)), **fields)
        self.admin = Principal(self.principal.user, self.principal.workspace, Role.ADMIN)

    def set_budget(self, micro_usd: int) -> None:
        put_budget(self.admin, Budget(monthly_micro_usd=micro_usd), table=self.ports.table)

    @property
    def spent(self) -> tuple[int, int]:
        state = get_budget(self.admin, table=self.ports.table).state
        return state.spent_micro_usd, state.reserved_micro_usd


async def test_a_step_that_the_workspaces_budget_has_no_room_for_fails_by_that_name() -> None:
    world = Paying()
    world.set_budget(130)
    first, second = world.run(), world.run()
    await world.do(first, "one", token="t1")
    await world.do(second, "one", token="t2")
    assert world.spent == (40, 0)
    assert "t1" in world.orchestrator.succeeded
    name, why = world.orchestrator.failed["t2"]
    assert name == "BudgetExceeded"
    assert "100 micro-dollars" in why
    assert len(world.model.requests) == 1


async def test_an_execution_keeps_to_its_own_budget_through_all_of_its_steps() -> None:
    again = {**LIMITED, "id": "two"}
    world = Paying(LIMITED, again, {**LIMITED, "id": "three"}, budget={"per_run_micro_usd": 179})
    execution = world.run()
    for step in ("one", "two", "three"):
        await world.do(execution, step)
    assert world.orchestrator.failed["token three"][0] == "BudgetExceeded"
    await world.do(world.run(), "one", token="of another")
    assert "of another" in world.orchestrator.succeeded


async def test_what_a_step_runs_spends_the_budget_of_the_execution_above() -> None:
    world = Paying(LIMITED, {**LIMITED, "id": "two"})
    world.workflow = world.made(calling(world.workflow.id), budget={"per_run_micro_usd": 130})
    parent = world.run()
    await world.do(parent, "call", variables={})
    [log] = world.logs(parent)
    assert log.child is not None
    child = world.stored(log.child)
    await world.do(child, "one")
    await world.do(child, "two")
    name, why = world.orchestrator.failed["token two"]
    assert name == "BudgetExceeded"
    assert parent.id in why


async def test_a_try_that_failed_leaves_the_budget_to_the_next() -> None:
    world = Paying(script=[ModelRefused(), ANSWER])
    world.set_budget(100)
    execution = world.run()
    for attempt in range(2):
        await world.do(execution, "one", token=f"t{attempt}", attempt=attempt)
    assert "t1" in world.orchestrator.succeeded
    assert world.spent == (40, 0)
