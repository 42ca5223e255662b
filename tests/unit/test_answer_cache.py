"""Answers of models that stand for equal requests for a while."""

from typing import Any

import pytest

from promptpilot.domain.execution import LogStatus
from promptpilot.domain.model import Usage
from promptpilot.domain.prompt_document import VersionDraft
from promptpilot.errors import StoreUnavailable
from promptpilot.ports.table import Create, Put, Replace
from promptpilot.services.executions.totals import totals
from promptpilot.services.prompts.versions import create_version
from promptpilot.services.steps import answer_cache
from promptpilot.services.steps.answer_cache import INLINE_BYTES
from promptpilot.step_errors import ModelOverloaded
from tests.fakes import ScriptedModel
from tests.unit.kinds_world import KindsWorld
from tests.unit.prompt_steps import PRICE, asking, first


async def test_an_answer_stands_for_equal_requests_and_costs_nothing_then() -> None:
    world = asking(first(cache="1h"), model=ScriptedModel(["once"], price=PRICE))
    executions = [world.run(), world.run()]
    for at, execution in enumerate(executions):
        await world.do(execution, "first", token=f"token {at}")
    [paid], [free] = map(world.logs, executions)
    assert (paid.cached, free.cached) == (False, True)
    assert paid.cost_micro_usd > 0 == free.cost_micro_usd
    assert (free.text, free.output, free.usage) == (paid.text, paid.output, paid.usage)
    assert free.model_served == paid.model_served
    told = world.orchestrator.succeeded
    assert told["token 1"]["text"] == told["token 0"]["text"]
    sums = [totals(e.workspace, e.id, table=world.ports.table) for e in executions]
    assert sums[0].usage == paid.usage
    assert (sums[1].usage, sums[1].cost_micro_usd) == (Usage(), 0)


async def test_a_cached_answer_to_a_schema_is_the_value_that_it_spells() -> None:
    world = KindsWorld(model=ScriptedModel(['{"a": 1}']))
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    create_version(
        world.principal,
        world.prompt.id,
        VersionDraft(output_schema=schema, bump="major"),
        table=world.ports.table,
    )
    world.workflow = world.made(first(cache="1h"))
    for _ in range(2):
        await world.do(world.run(), "first")
    assert world.orchestrator.succeeded["token first"]["output"] == {"a": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"variables": {"text": "other"}},
        {"model": "fake/second"},
    ],
)
async def test_another_request_is_asked_for_itself(change: dict[str, Any]) -> None:
    second = ScriptedModel()
    world = asking(first(cache="1h"), second=second)
    await world.do(world.run(), "first")
    execution = world.run()
    await world.do(execution, "first", **change)
    [log] = world.logs(execution)
    assert not log.cached
    assert len(world.model.requests) + len(second.requests) == 2


async def test_other_settings_are_another_request() -> None:
    world = asking(first(cache="1h"))
    await world.do(world.run(), "first")
    world.workflow = world.made(first(cache="1h", settings={"temperature": 0.5}))
    await world.do(world.run(), "first")
    assert len(world.model.requests) == 2


async def test_another_time_limit_is_the_same_request() -> None:
    world = asking(first(cache="1h"))
    await world.do(world.run(), "first")
    world.workflow = world.made(first(cache="1h", timeout="5s"))
    await world.do(world.run(), "first")
    assert len(world.model.requests) == 1


async def test_an_answer_stands_as_long_as_the_step_that_asks_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = asking(first(cache="1h"))
    await world.do(world.run(), "first")
    ahead = answer_cache.epoch_ms() + 61_000
    monkeypatch.setattr(answer_cache, "epoch_ms", lambda: ahead)
    await world.do(world.run(), "first")
    assert len(world.model.requests) == 1
    world.workflow = world.made(first(cache="1m"))
    await world.do(world.run(), "first")
    assert len(world.model.requests) == 2


async def test_a_large_answer_is_kept_too() -> None:
    text = "x" * (INLINE_BYTES + 1)
    world = asking(first(cache="1h"), model=ScriptedModel([text]))
    for _ in range(2):
        execution = world.run()
        await world.do(execution, "first")
    [log] = world.logs(execution)
    assert (log.cached, log.text) == (True, text)


async def test_the_keys_of_kept_answers_show_nothing_of_them() -> None:
    world = asking(first(cache="1h"))
    await world.do(world.run(), "first", variables={"text": "somebody@example.com"})
    [item] = world.ports.table.of_kind("answer")
    assert "somebody" not in f"{item.key}"
    assert item.expires_at is not None


async def test_an_answer_that_cannot_be_kept_is_an_answer_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = asking(first(cache="1h"))
    execution = world.run()
    write, lost = world.ports.table.write, []

    def losing(operations: Any, **how: Any) -> None:
        kinds = [each.item.kind for each in operations if isinstance(each, Create | Put | Replace)]
        if "answer" in kinds:
            lost.append(kinds)
            raise StoreUnavailable
        write(operations, **how)

    monkeypatch.setattr(world.ports.table, "write", losing)
    await world.do(execution, "first")
    [log] = world.logs(execution)
    assert (log.status, len(lost)) == (LogStatus.SUCCEEDED, 1)


async def test_a_failure_is_not_kept() -> None:
    world = asking(first(cache="1h"), model=ScriptedModel([ModelOverloaded(), "fine"]))
    for _ in range(2):
        execution = world.run()
        await world.do(execution, "first")
    [log] = world.logs(execution)
    assert (log.text, log.cached) == ("fine", False)
