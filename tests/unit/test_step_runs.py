"""Running step jobs: at most one recorded result, and every failure a step's failure."""

import asyncio
import json

import pytest

from promptpilot import keys
from promptpilot.compiler import jobs
from promptpilot.domain.execution import LogStatus
from promptpilot.domain.model import Completion, Usage
from promptpilot.domain.price import Price
from promptpilot.errors import StoreUnavailable, Unavailable
from promptpilot.services.logs import list_logs
from promptpilot.services.runs import claimed_runs
from promptpilot.services.runs.step_runs import run_workflow_step
from promptpilot.services.steps import heartbeats
from promptpilot.services.steps.claimed import StepBusyError
from promptpilot.step_errors import ModelOverloaded, ModelUnavailable
from tests.fakes import ScriptedModel
from tests.unit.world import World

PRICE = Price(input_per_million=1.0, output_per_million=2.0, as_of="2026-11-24")


async def test_a_step_is_rendered_called_recorded_and_completed() -> None:
    world = World(ScriptedModel(["fine"], price=PRICE))
    execution = world.execute({"text": "some notes"})
    await run_workflow_step(world.job(execution, "first"), 1, world.ports)

    [log] = world.logs(execution)
    assert world.model.requests[0].messages[-1].content == "Say: some notes"
    assert (log.status, log.text, log.step, log.attempt) == (
        LogStatus.SUCCEEDED,
        "fine",
        "first",
        1,
    )
    assert log.input == world.model.requests[0]
    assert log.cost_micro_usd is not None
    result = world.orchestrator.succeeded["token first"]
    assert result["output"] == "fine"
    assert result["log"] == log.id
    assert result["usage"]["output_tokens"] == log.usage.output_tokens


async def test_a_job_whose_result_is_recorded_calls_no_model() -> None:
    world = World(ScriptedModel(["once"]))
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")
    await run_workflow_step(job, 1, world.ports)
    again = job.model_copy(update={"token": "another token"})
    await run_workflow_step(again, 1, world.ports)
    assert len(world.model.requests) == 1
    assert world.orchestrator.succeeded["another token"] == world.orchestrator.succeeded[job.token]


async def test_the_same_delivery_twice_runs_once() -> None:
    world = World(ScriptedModel(["once"]))
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")
    world.claim(job, receive_count=1)
    with pytest.raises(StepBusyError):
        await run_workflow_step(job, 1, world.ports)
    assert world.model.requests == []


@pytest.mark.parametrize(("token", "receive_count"), [("token first", 2), ("a new token", 1)])
async def test_a_later_delivery_or_a_new_token_takes_over_the_claim_of_a_dead_worker(
    token: str, receive_count: int
) -> None:
    world = World(ScriptedModel(["fine"]))
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")
    world.claim(job, receive_count=1)
    await run_workflow_step(job.model_copy(update={"token": token}), receive_count, world.ports)
    [log] = world.logs(execution)
    assert (log.status, log.attempt) == (LogStatus.SUCCEEDED, 2)


async def test_a_failed_step_is_tried_again_with_a_new_token_and_the_last_attempt_stands() -> None:
    world = World(ScriptedModel([ModelOverloaded(), "fine"]))
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")
    await run_workflow_step(job, 1, world.ports)
    assert world.orchestrator.failed[job.token][0] == "ModelOverloaded"
    again = job.model_copy(update={"token": "second", "attempt": 1})
    await run_workflow_step(again, 1, world.ports)
    [log] = world.logs(execution)
    assert (log.status, log.attempt, log.error) == (LogStatus.SUCCEEDED, 2, None)


async def test_a_failure_that_is_recorded_is_told_again_and_not_tried_again_by_the_queue() -> None:
    world = World(ScriptedModel([ModelOverloaded()]))
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")
    await run_workflow_step(job, 1, world.ports)
    world.orchestrator.failed.clear()
    await run_workflow_step(job, 2, world.ports)
    assert world.orchestrator.failed[job.token][0] == "ModelOverloaded"
    assert len(world.model.requests) == 1


async def test_a_job_that_waited_until_nobody_waits_for_it_is_dropped() -> None:
    world = World(ScriptedModel([]))
    execution = world.execute({"text": "x"})
    world.orchestrator.nobody_waits = True
    await run_workflow_step(world.job(execution, "first"), 1, world.ports, waited_seconds=61)
    assert world.orchestrator.beats == ["token first"]
    assert world.logs(execution) == ()


@pytest.mark.parametrize(("waited", "beats"), [(59.0, []), (61.0, ["token first"])])
async def test_only_a_job_that_has_waited_gives_a_sign_of_life_before_it_runs(
    waited: float, beats: list[str]
) -> None:
    world = World(ScriptedModel(["fine"]))
    execution = world.execute({"text": "x"})
    await run_workflow_step(world.job(execution, "first"), 1, world.ports, waited_seconds=waited)
    assert world.orchestrator.beats == beats
    assert list(world.orchestrator.succeeded) == ["token first"]


async def test_a_job_that_has_waited_runs_although_its_sign_of_life_is_lost() -> None:
    world = World(ScriptedModel(["fine"]))
    execution = world.execute({"text": "x"})

    async def losing(call, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        if call == world.orchestrator.heartbeat_task:
            raise Unavailable
        return call(*args, **kwargs)

    ports = world.ports_with(offload=losing)
    await run_workflow_step(world.job(execution, "first"), 1, ports, waited_seconds=61)
    assert list(world.orchestrator.succeeded) == ["token first"]


def test_the_state_waits_for_several_signs_of_life() -> None:
    assert jobs.HEARTBEAT_SECONDS >= 4 * heartbeats.BEAT_SECONDS


async def test_a_result_that_comes_after_the_step_was_superseded_is_not_recorded() -> None:
    world = World(ScriptedModel(["late", "in time"]))
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")
    newer = job.model_copy(update={"token": "newer"})

    async def overtaken(call, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        if call is claimed_runs.record and not world.orchestrator.succeeded:
            world.ports = world.ports_with(offload=world.in_place)
            await run_workflow_step(newer, 1, world.ports)
        return call(*args, **kwargs)

    await run_workflow_step(job, 1, world.ports_with(offload=overtaken))
    [log] = world.logs(execution)
    assert log.text == "in time"
    assert {each["output"] for each in world.orchestrator.succeeded.values()} == {"in time"}


async def test_of_a_step_that_another_worker_is_at_by_now_nothing_is_told() -> None:
    world = World(ScriptedModel(["late"]))
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")

    async def overtaken(call, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        if call is claimed_runs.record:
            world.claim(job.model_copy(update={"token": "newer"}), receive_count=1)
        return call(*args, **kwargs)

    await run_workflow_step(job, 1, world.ports_with(offload=overtaken))
    [log] = world.logs(execution)
    assert (log.status, log.text) == (LogStatus.RUNNING, None)
    assert world.orchestrator.succeeded == world.orchestrator.failed == {}


async def test_a_step_of_an_ended_execution_is_not_started() -> None:
    world = World(ScriptedModel([]))
    execution = world.execute({"text": "x"})
    world.end(execution)
    await run_workflow_step(world.job(execution, "first"), 1, world.ports)
    assert world.logs(execution) == ()
    assert world.orchestrator.succeeded == world.orchestrator.failed == {}


@pytest.mark.parametrize(
    ("variables", "error"),
    [
        ({}, "StepInvalid"),
        ({"text": 1}, "StepInvalid"),
        ({"text": "x", "more": "y"}, "StepInvalid"),
    ],
)
async def test_variables_that_do_not_fit_fail_the_step(
    variables: dict[str, object], error: str
) -> None:
    world = World(ScriptedModel([]))
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first").model_copy(update={"variables": variables})
    await run_workflow_step(job, 1, world.ports)
    [log] = world.logs(execution)
    assert log.status is LogStatus.FAILED
    assert world.orchestrator.failed[job.token][0] == log.error.name == error


async def test_an_unknown_model_fails_the_step() -> None:
    world = World(ScriptedModel([]))
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first").model_copy(update={"model": "fake/none"})
    await run_workflow_step(job, 1, world.ports)
    assert world.orchestrator.failed[job.token][0] == "ModelUnknown"


@pytest.mark.parametrize("answer", ["not json", '{"mood": 3}', '{"other": "x"}'])
async def test_an_answer_that_does_not_fit_the_output_schema_fails_the_step(answer: str) -> None:
    schema = {"type": "object", "properties": {"mood": {"type": "string"}}, "required": ["mood"]}
    world = World(ScriptedModel([answer, answer]), output_schema=schema)
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")
    await run_workflow_step(job, 1, world.ports)
    assert world.orchestrator.failed[job.token][0] == "OutputInvalid"


async def test_an_answer_that_fits_the_output_schema_is_a_value() -> None:
    schema = {"type": "object", "properties": {"mood": {"type": "string"}}, "required": ["mood"]}
    world = World(ScriptedModel(['{"mood": "good"}']), output_schema=schema)
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")
    await run_workflow_step(job, 1, world.ports)
    assert world.orchestrator.succeeded[job.token]["output"] == {"mood": "good"}


async def test_an_unknown_price_is_an_unknown_cost_and_not_nothing() -> None:
    usage = Usage(input_tokens=10, output_tokens=5)
    world = World(ScriptedModel([Completion(text="x", model="m", usage=usage)]))
    execution = world.execute({"text": "x"})
    await run_workflow_step(world.job(execution, "first"), 1, world.ports)
    [log] = world.logs(execution)
    assert log.cost_micro_usd is None
    assert log.usage == usage


async def test_an_output_too_large_for_the_state_travels_as_a_pointer() -> None:
    large = "word " * 60_000
    world = World(ScriptedModel([large]))
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")
    await run_workflow_step(job, 1, world.ports)
    result = world.orchestrator.succeeded[job.token]
    assert len(json.dumps(result)) < 128 * 1024
    stored = world.ports.blobs.get(world.principal.workspace, result["output"]["blob"])
    assert json.loads(stored) == large
    [log] = world.logs(execution)
    assert log.text == large
    item = world.ports.table.get(keys.log(world.principal.workspace, log.id))
    assert len(item.body) < 10_000


async def test_a_store_out_of_reach_does_not_lose_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claimed_runs, "RECORD_AGAIN_SECONDS", (0.0, 0.0))
    world = World(ScriptedModel(["paid for"]))
    execution = world.execute({"text": "x"})
    failures = iter([StoreUnavailable(), StoreUnavailable()])

    async def flaky(call, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        if call is claimed_runs.record and (failure := next(failures, None)):
            raise failure
        return call(*args, **kwargs)

    await run_workflow_step(world.job(execution, "first"), 1, world.ports_with(offload=flaky))
    [log] = world.logs(execution)
    assert log.text == "paid for"
    assert len(world.model.requests) == 1


async def test_a_model_that_cannot_be_reached_fails_the_step_with_its_name() -> None:
    world = World(ScriptedModel([ModelUnavailable(reason="nobody there")]))
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")
    await run_workflow_step(job, 1, world.ports)
    assert world.orchestrator.failed[job.token] == ("ModelUnavailable", "nobody there")


async def test_the_logs_of_an_execution_come_in_the_order_of_its_steps() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    for step in ("second", "first"):
        await run_workflow_step(world.job(execution, step), 1, world.ports)
    page = list_logs(
        world.principal, execution.id, table=world.ports.table, blobs=world.ports.blobs
    )
    assert [log.step for log in page.items] == ["first", "second"]


def test_a_claim_keeps_no_token() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")
    world.claim(job, receive_count=1)
    item = world.ports.table.get(keys.log(job.workspace, f"log_{execution.id[10:]}_1"))
    assert job.token not in item.body


async def test_a_long_call_is_accompanied_by_heartbeats_and_a_lost_one_harms_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeats, "BEAT_SECONDS", 0.001)
    gate = asyncio.Event()
    world = World(ScriptedModel(["fine"], gate=gate))
    execution = world.execute({"text": "x"})
    job = world.job(execution, "first")
    lost = iter([StoreUnavailable()])

    async def counting(call, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        if call == world.orchestrator.heartbeat_task:
            if failure := next(lost, None):
                raise failure
            gate.set()
        return call(*args, **kwargs)

    await asyncio.wait_for(run_workflow_step(job, 1, world.ports_with(offload=counting)), 10)
    assert world.orchestrator.beats
    assert set(world.orchestrator.beats) == {job.token}
    assert world.orchestrator.succeeded[job.token]["output"] == "fine"
