"""A worker that nobody else can be given the same job: its first try writes no claim."""

import asyncio
import json
from typing import Any

import pytest

from promptpilot import keys
from promptpilot.domain.event import EventType
from promptpilot.domain.execution import LogStatus
from promptpilot.services.runs.step_runs import run_workflow_step
from promptpilot.services.steps import appearances
from tests.fakes import ScriptedModel
from tests.unit.world import World


def alone(world: World) -> Any:
    return world.ports_with(sole_worker=True)


async def until(world: World, *, calls: int) -> None:
    """Return when the model has been called that often."""
    for _ in range(1_000):
        if len(world.model.requests) >= calls:
            return
        await asyncio.sleep(0)
    pytest.fail("the model is not called")


async def test_a_step_is_recorded_and_told_as_by_any_worker() -> None:
    world = World(ScriptedModel(["fine"]))
    execution = world.execute({"text": "x"})
    await run_workflow_step(world.job(execution, "first"), 1, alone(world))
    [log] = world.logs(execution)
    assert (log.status, log.text, log.attempt) == (LogStatus.SUCCEEDED, "fine", 1)
    assert world.orchestrator.succeeded["token first"]["log"] == log.id


@pytest.mark.parametrize("heard", [True, False])
async def test_the_end_of_a_step_is_an_event_where_somebody_hears_it(heard: bool) -> None:
    world = World(ScriptedModel(["fine"]))
    execution = world.execute({"text": "x"})
    ports = world.ports_with(hears=lambda each: heard and each is EventType.STEP_SUCCEEDED)
    await run_workflow_step(world.job(execution, "first"), 1, ports)
    assert len(world.logs(execution)) == 1
    outbox = world.ports.table.query(keys.outbox(execution.workspace, execution.id, "").partition)
    told = [json.loads(item.body)["type"] for item in outbox.items]
    assert told.count("execution.step.succeeded") == heard


async def test_a_job_whose_result_is_recorded_calls_no_model() -> None:
    world = World(ScriptedModel(["once"]))
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")
    for token in ("one", "two"):
        await run_workflow_step(job.model_copy(update={"token": token}), 1, alone(world))
    assert len(world.model.requests) == 1
    assert world.orchestrator.succeeded["two"] == world.orchestrator.succeeded["one"]


@pytest.mark.parametrize(("seconds", "seen"), [(0.0, [LogStatus.RUNNING]), (3_600.0, [])])
async def test_a_step_is_seen_to_run_once_it_has_run_for_a_while(
    monkeypatch: pytest.MonkeyPatch, seconds: float, seen: list[LogStatus]
) -> None:
    monkeypatch.setattr(appearances, "SHOWN_SECONDS", seconds)
    gate = asyncio.Event()
    world = World(ScriptedModel(["fine"], gate=gate))
    execution = world.execute({"text": "x"})
    running = asyncio.create_task(run_workflow_step(world.job(execution, "first"), 1, alone(world)))
    await until(world, calls=1)
    for _ in range(20):
        await asyncio.sleep(0)
    assert [log.status for log in world.logs(execution)] == seen
    gate.set()
    await running
    [log] = world.logs(execution)
    assert (log.status, log.attempt) == (LogStatus.SUCCEEDED, 1)


async def test_a_later_try_supersedes_one_that_has_written_nothing() -> None:
    gate = asyncio.Event()
    world = World(ScriptedModel(["early", "late"], gate=gate))
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")
    later = job.model_copy(update={"token": "later", "attempt": 1})
    tries = [asyncio.create_task(run_workflow_step(job, 1, alone(world)))]
    await until(world, calls=1)
    tries.append(asyncio.create_task(run_workflow_step(later, 1, alone(world))))
    await until(world, calls=2)
    gate.set()
    await asyncio.gather(*tries)
    [log] = world.logs(execution)
    assert log.attempt == 2
    assert set(world.orchestrator.succeeded) == {"later"}
    assert world.orchestrator.succeeded["later"]["output"] == log.text
