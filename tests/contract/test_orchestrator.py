"""The `Orchestrator` port: what both orchestrators answer to their callers.

What a state machine does is the business of `tests/engine`. The Step Functions of these tests
accepts machines that cannot run, completes a task twice and stops nothing that waits; what AWS
answers then is in `test_step_functions_answers.py`.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from promptpilot.errors import Invalid, PromptPilotError, TooLarge
from tests.contract.orchestrators import (
    ORCHESTRATORS,
    Running,
    RunningAws,
    machine_of,
    running_aws,
)

LONG = {"text": "x" * 262_144}


@pytest.fixture(scope="module")
def aws() -> Iterator[RunningAws]:
    with running_aws() as aws:
        yield aws


@pytest.fixture(params=sorted(ORCHESTRATORS))
def running(request: pytest.FixtureRequest, aws: RunningAws, tmp_path: Path) -> Iterator[Running]:
    with ORCHESTRATORS[request.param](aws, tmp_path) as running:
        yield running


def waiting_token(running: Running, name: str = "ws_1-exec_1") -> str:
    """The token of a task that waits."""
    running.orchestrator.start(running.task, name, {})
    token: str = running.next_job()["token"]
    return token


def test_a_machine_can_be_published_again(running: Running) -> None:
    for _ in range(3):
        running.orchestrator.publish(running.task)


def test_an_execution_starts_without_being_published_before(running: Running) -> None:
    assert waiting_token(running)


def test_the_same_name_starts_once(running: Running) -> None:
    orchestrator = running.orchestrator
    token = waiting_token(running)
    orchestrator.start(running.task, "ws_1-exec_1", {})
    orchestrator.start(running.task, "ws_1-exec_1", {"other": "input"})
    assert orchestrator.succeed_task(token, {})
    orchestrator.start(running.task, "ws_1-exec_2", {})
    second = running.next_job()["token"]
    assert second != token


@pytest.mark.parametrize(("wrong", "error"), [(LONG, TooLarge), ({"n": math.nan}, Invalid)])
def test_an_input_that_no_state_can_hold_is_refused(
    running: Running, wrong: dict[str, Any], error: type[PromptPilotError]
) -> None:
    with pytest.raises(error):
        running.orchestrator.start(running.task, "ws_1-exec_1", wrong)


@pytest.mark.parametrize(("wrong", "error"), [(LONG, TooLarge), ({"n": math.nan}, Invalid)])
def test_an_output_that_no_state_can_hold_is_refused_and_the_task_waits_on(
    running: Running, wrong: dict[str, Any], error: type[PromptPilotError]
) -> None:
    token = waiting_token(running)
    with pytest.raises(error):
        running.orchestrator.succeed_task(token, wrong)
    assert running.orchestrator.succeed_task(token, {})


def test_a_task_that_waits_is_alive_until_it_is_completed(running: Running) -> None:
    orchestrator = running.orchestrator
    token = waiting_token(running)
    for _ in range(2):
        assert orchestrator.heartbeat_task(token)
    assert orchestrator.succeed_task(token, {"output": "fine"})


def test_a_task_that_waits_is_failed_whatever_the_length_of_the_words(running: Running) -> None:
    token = waiting_token(running)
    assert running.orchestrator.fail_task(token, "E" * 300, "c" * 40_000)


def test_nobody_waits_for_an_unknown_token(running: Running) -> None:
    orchestrator = running.orchestrator
    assert not orchestrator.succeed_task("unknown", {})
    assert not orchestrator.fail_task("unknown", "Error", "cause")
    assert not orchestrator.heartbeat_task("unknown")


def test_what_runs_has_ended_or_is_unknown_can_be_stopped(running: Running) -> None:
    orchestrator = running.orchestrator
    waiting_token(running)
    for _ in range(2):
        orchestrator.stop(running.task, "ws_1-exec_1", error="Cancelled", cause="by a person")
    orchestrator.start(running.passing, "ws_1-short", {})
    for name in ("ws_1-short", "ws_1-unknown"):
        orchestrator.stop(running.passing, name, error="Cancelled", cause="")
    never_published = machine_of({"p": {"Type": "Pass", "End": True}})
    orchestrator.stop(never_published, "ws_1-short", error="Cancelled", cause="")


def test_an_unknown_execution_has_no_output(running: Running) -> None:
    arn = "arn:aws:states:eu-central-1:123456789012:execution:promptpilot-test-1-2:unknown"
    assert running.orchestrator.output(arn) is None


def test_a_machine_that_was_forgotten_starts_again(running: Running) -> None:
    orchestrator = running.orchestrator
    orchestrator.publish(running.task)
    orchestrator.forget_idle(datetime.now(UTC) + timedelta(days=1))
    assert waiting_token(running, "ws_1-exec_after")
