"""The dead letters of the step queue: whoever waits is told, and what is no job stays there."""

import logging
from collections.abc import Iterator

import pytest

from functions.abandoned_steps.handler import handler
from promptpilot.domain.execution import LogStatus
from promptpilot.domain.ids import new_id
from promptpilot.domain.step_job import PromptRunJob
from promptpilot.services.runs.step_runs import run_workflow_step
from tests.fakes import ScriptedModel
from tests.handlers.queued_work import Work, batch, body_of, failed_in, installed, message


@pytest.fixture
def work() -> Iterator[Work]:
    with installed(ScriptedModel()) as work:
        yield work


def test_the_task_that_waits_for_an_abandoned_job_fails(work: Work) -> None:
    execution = work.world.execute({"text": "x"})
    job = work.world.job(execution, "first")
    assert failed_in(handler(batch(message(body_of(job))), None)) == []
    error, cause = work.world.orchestrator.failed[job.token]
    assert error == "StepAbandoned"
    assert "given up" in cause
    [log] = work.world.logs(execution)
    assert (log.status, log.step, log.error.name) == (LogStatus.FAILED, "first", "StepAbandoned")


def test_a_log_that_was_begun_for_it_fails_too(work: Work) -> None:
    execution = work.world.execute({"text": "x"})
    job = work.world.job(execution, "first")
    work.world.claim(job, receive_count=3)
    handler(batch(message(body_of(job))), None)
    [log] = work.world.logs(execution)
    assert (log.status, log.error.name) == (LogStatus.FAILED, "StepAbandoned")
    assert log.ended_at is not None
    assert work.world.orchestrator.failed[job.token][0] == "StepAbandoned"


def test_a_log_that_a_newer_try_has_begun_is_left_alone(work: Work) -> None:
    execution = work.world.execute({"text": "x"})
    job = work.world.job(execution, "first")
    work.world.claim(job.model_copy(update={"token": "newer"}), receive_count=1)
    handler(batch(message(body_of(job))), None)
    [log] = work.world.logs(execution)
    assert log.status is LogStatus.RUNNING
    assert list(work.world.orchestrator.failed) == [job.token]


async def test_a_result_that_was_recorded_and_never_told_is_told(work: Work) -> None:
    execution = work.world.execute({"text": "x"})
    job = work.world.job(execution, "first")
    await run_workflow_step(job, 3, work.world.ports)
    work.world.orchestrator.succeeded.clear()
    handler(batch(message(body_of(job))), None)
    assert work.world.orchestrator.succeeded[job.token]["output"] == "answer to: Say: x"
    assert work.world.orchestrator.failed == {}


def test_the_same_dead_letter_twice_changes_nothing_more(work: Work) -> None:
    execution = work.world.execute({"text": "x"})
    job = work.world.job(execution, "first")
    work.world.claim(job, receive_count=3)
    handler(batch(message(body_of(job))), None)
    logs, failed = work.world.logs(execution), dict(work.world.orchestrator.failed)
    handler(batch(message(body_of(job), receives=2)), None)
    assert work.world.logs(execution) == logs
    assert work.world.orchestrator.failed == failed


def prompt_run(work: Work) -> PromptRunJob:
    prompt = work.world.prompt
    return PromptRunJob(
        workspace=work.world.principal.workspace,
        log=f"log_{new_id('run').partition('_')[2]}_1",
        prompt=prompt.id,
        version=prompt.version,
        variables={"text": "x"},
    )


@pytest.mark.parametrize("times", [1, 2])
def test_an_abandoned_run_of_a_prompt_ends_as_failed_and_whoever_waits_hears_of_it(
    work: Work, times: int
) -> None:
    job = prompt_run(work)
    for _ in range(times):
        handler(batch(message(job.model_dump_json())), None)
    [item] = work.world.ports.table.of_kind("log")
    assert '"status":"failed"' in item.body
    assert "StepAbandoned" in item.body
    assert set(work.world.waiter.announced) == {job.log}


@pytest.mark.parametrize("body", ["", "no json", "{}", '{"kind": "prompt", "token": "only"}'])
def test_a_message_that_is_no_job_fails_alone_and_is_told_to_operators(
    work: Work, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    execution = work.world.execute({"text": "x"})
    job = work.world.job(execution, "first")
    with caplog.at_level(logging.ERROR):
        answer = handler(batch(message(body, "poison"), message(body_of(job), "job")), None)
    assert failed_in(answer) == ["poison"]
    assert list(work.world.orchestrator.failed) == [job.token]
    assert "poison" in {record.__dict__.get("message_id") for record in caplog.records}
