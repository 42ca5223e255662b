"""Answers of models that stand for equal requests for a while."""

import asyncio
from typing import Any

import pytest

from promptpilot.domain.execution import LogStatus
from promptpilot.domain.message import Tool, ToolCall
from promptpilot.domain.model import Completion, Usage
from promptpilot.domain.prompt_document import VersionDraft
from promptpilot.services.asking import kept_answers
from promptpilot.services.executions.totals import totals
from promptpilot.services.prompts.versions import create_version
from promptpilot.step_errors import ModelOverloaded
from tests.fakes import MODELS, ScriptedModel
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
        models=MODELS,
    )
    world.workflow = world.made(first(cache="1h"))
    for _ in range(2):
        await world.do(world.run(), "first")
    assert world.orchestrator.succeeded["token first"]["output"] == {"a": 1}


async def test_an_answer_that_asks_for_tools_stands_too_where_there_is_a_schema() -> None:
    call = ToolCall(id="call 1", name="look", arguments={"a": 1})
    asks = Completion(text="", model="fake/echo", tool_calls=(call,))
    world = KindsWorld(model=ScriptedModel([asks]))
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    create_version(
        world.principal,
        world.prompt.id,
        VersionDraft(output_schema=schema, tools=(Tool(name="look"),), bump="major"),
        table=world.ports.table,
        models=MODELS,
    )
    world.workflow = world.made(first(cache="1h"))
    for _ in range(2):
        execution = world.run()
        await world.do(execution, "first")
    [log] = world.logs(execution)
    assert (log.cached, log.tool_calls) == (True, (call,))


async def test_what_an_earlier_try_has_paid_for_is_told_with_an_answer_of_before() -> None:
    cut_off = Completion(
        text="{", model="fake/echo", finish_reason="length", usage=Usage(input_tokens=100)
    )
    world = KindsWorld(model=ScriptedModel([cut_off, "{}"], price=PRICE))
    create_version(
        world.principal,
        world.prompt.id,
        VersionDraft(output_schema={"type": "object"}, bump="major"),
        table=world.ports.table,
        models=MODELS,
    )
    world.workflow = world.made(first(cache="1h"))
    retried = world.run()
    await world.do(retried, "first", token="token 1")
    await world.do(world.run(), "first", token="token of another")
    await world.do(retried, "first", token="token 2", attempt=1)
    [log] = world.logs(retried)
    assert (log.cached, log.cost_micro_usd) == (True, 100)
    assert [each.cost_micro_usd for each in log.calls] == [100]
    sums = totals(retried.workspace, retried.id, table=world.ports.table)
    assert (sums.usage.input_tokens, sums.cost_micro_usd) == (100, 100)


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
    ahead = kept_answers.epoch_ms() + 61_000
    monkeypatch.setattr(kept_answers, "epoch_ms", lambda: ahead)
    await world.do(world.run(), "first")
    assert len(world.model.requests) == 1
    world.workflow = world.made(first(cache="1m"))
    await world.do(world.run(), "first")
    assert len(world.model.requests) == 2


async def test_the_keys_of_kept_answers_show_nothing_of_them() -> None:
    world = asking(first(cache="1h"))
    await world.do(world.run(), "first", variables={"text": "somebody@example.com"})
    [key] = world.cache.values
    assert "somebody" not in key
    assert world.principal.workspace in key


async def test_of_equal_requests_at_the_same_time_one_asks_the_model() -> None:
    gate = asyncio.Event()
    world = asking(first(cache="1h"), model=ScriptedModel(gate=gate))
    executions = [world.run() for _ in range(5)]
    steps = [
        asyncio.create_task(world.do(each, "first", token=f"token {at}"))
        for at, each in enumerate(executions)
    ]
    await world.model.arrived.wait()
    gate.set()
    await asyncio.gather(*steps)
    logs = [world.logs(each)[0] for each in executions]
    assert len(world.model.requests) == 1
    assert sorted(each.cached for each in logs) == [False, True, True, True, True]
    assert len({each.text for each in logs}) == 1
    assert [key for key in world.cache.values if key.endswith("/asking")] == []


async def test_who_waited_for_an_answer_in_vain_asks_by_itself() -> None:
    gate = asyncio.Event()
    model = ScriptedModel([ModelOverloaded(), "fine", "fine", "fine"], gate=gate)
    world = asking(first(cache="1h"), model=model)
    executions = [world.run() for _ in range(4)]
    steps = [
        asyncio.create_task(world.do(each, "first", token=f"token {at}"))
        for at, each in enumerate(executions)
    ]
    await world.model.arrived.wait()
    gate.set()
    await asyncio.gather(*steps)
    texts = [world.logs(each)[0].text for each in executions]
    assert sorted(texts, key=str) == [None, "fine", "fine", "fine"]


async def test_who_asks_is_waited_for_no_longer_than_the_own_time_lasts() -> None:
    gate = asyncio.Event()
    world = asking(first(cache="1h"), model=ScriptedModel(gate=gate))
    patient = asyncio.create_task(world.do(world.run(), "first"))
    await world.model.arrived.wait()
    world.workflow = world.made(first(cache="1h", timeout="1s"))
    hasty = world.run()
    await world.do(hasty, "first", token="token hasty")
    [log] = world.logs(hasty)
    assert log.error.name == "ModelTimeout"
    assert not patient.done()
    gate.set()
    await patient


async def test_a_value_that_is_no_answer_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    world = asking(first(cache="1h"))
    await world.do(world.run(), "first")
    [key] = world.cache.values
    await world.cache.put(key, b"{}", 60)
    execution = world.run()
    await world.do(execution, "first")
    [log] = world.logs(execution)
    assert (log.cached, log.status) == (False, LogStatus.SUCCEEDED)
    assert "cannot be read" in caplog.text


async def test_a_failure_is_not_kept() -> None:
    world = asking(first(cache="1h"), model=ScriptedModel([ModelOverloaded(), "fine"]))
    for _ in range(2):
        execution = world.run()
        await world.do(execution, "first")
    [log] = world.logs(execution)
    assert (log.text, log.cached) == ("fine", False)
