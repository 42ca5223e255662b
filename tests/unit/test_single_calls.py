"""Single calls: their time, what ends them, and what is told of them all the same."""

import asyncio
from typing import Any

import pytest

from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.domain.model_limits import ModelLimit
from promptpilot.ports.rate_limiter import Take
from promptpilot.services.asking import calls
from promptpilot.step_errors import StepTimedOut
from tests.fakes import ScriptedLimiter, ScriptedModel
from tests.unit.asking_world import ASKED, calling, limited, said
from tests.unit.prompt_steps import PRICE
from tests.unit.world import World


async def test_a_worker_that_stops_while_it_settles_has_told_what_the_call_has_cost() -> None:
    class Stuck(ScriptedLimiter):
        async def give_back(self, take: Take) -> None:
            settling.set()
            await asyncio.Event().wait()

    settling = asyncio.Event()
    limit = ModelLimit(tokens_per_minute=60_000)
    world = limited(ScriptedModel([said("fine")], price=PRICE), Stuck(), fake=limit)
    caller, made = calling(world)
    working = asyncio.create_task(caller.call(ASKED, attachments={}))
    await settling.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert [(each.error, each.cost_micro_usd) for each in made.made] == [(None, 120)]


async def test_a_client_that_does_not_keep_to_its_time_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calls, "MARGIN_SECONDS", 0.0)

    class Stuck(ScriptedModel):
        async def complete(self, request: ModelRequest, **_: Any) -> Completion:
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")

    caller, made = calling(World(Stuck()))
    with pytest.raises(StepTimedOut):
        await caller.call(ASKED.model_copy(update={"timeout": 0.01}), attachments={})
    assert [each.error for each in made.made] == ["StepTimedOut"]


async def test_a_call_that_ends_by_a_defect_is_no_answer() -> None:
    def defect(_: ModelRequest) -> Any:
        raise LookupError("a defect")

    caller, made = calling(World(ScriptedModel(defect, price=PRICE)))
    with pytest.raises(LookupError):
        await caller.call(ASKED, attachments={})
    assert [(each.error, each.cost_micro_usd) for each in made.made] == [("LookupError", None)]
