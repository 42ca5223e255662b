"""The daily look for state machines that nobody uses."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from functions.machine_collector.handler import handler
from promptpilot import platform
from promptpilot.adapters.aws.step_functions import StepFunctions
from promptpilot.ports.orchestrator import Machine
from tests.handlers.here import memory_platform

ROLE = "arn:aws:iam::123456789012:role/machines"
LOGS = "arn:aws:logs:eu-central-1:123456789012:log-group:machines"
MACHINES = "arn:aws:states:eu-central-1:123456789012:stateMachine:promptpilot-test-"
ASL = {"StartAt": "p", "States": {"p": {"Type": "Pass", "End": True}}}
MACHINE = Machine("ws_1", "workflow_1", "1.0.0", "d" * 64, ASL)
OTHER = Machine("ws_1", "workflow_2", "1.0.0", "d" * 64, ASL)


@pytest.fixture
def orchestrator(monkeypatch: pytest.MonkeyPatch) -> Iterator[StepFunctions]:
    with mock_aws():
        client = boto3.Session("testing", "testing").client("stepfunctions", "eu-central-1")
        adapter = StepFunctions(
            client, machines=MACHINES, role=ROLE, log_group=LOGS, step_queue_url="https://q.example"
        )
        platform.install(memory_platform(orchestrator=adapter))
        yield adapter
        platform.install(None)


def names() -> list[str]:
    client = boto3.Session("testing", "testing").client("stepfunctions", "eu-central-1")
    return sorted(machine["name"] for machine in client.list_state_machines()["stateMachines"])


def in_days(days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    later = datetime.now(UTC) + timedelta(days=days)
    monkeypatch.setattr("promptpilot.services.idle_machines.now", lambda: later)


def test_a_machine_that_was_just_published_stays(orchestrator: StepFunctions) -> None:
    orchestrator.publish(MACHINE)
    handler({}, None)
    assert len(names()) == 1


@pytest.mark.parametrize(("days", "left"), [(29, 1), (31, 0)])
def test_a_machine_is_forgotten_after_thirty_days(
    orchestrator: StepFunctions, monkeypatch: pytest.MonkeyPatch, days: int, left: int
) -> None:
    orchestrator.publish(MACHINE)
    in_days(days, monkeypatch)
    handler({}, None)
    assert len(names()) == left


def test_a_machine_with_an_execution_that_goes_on_stays(
    orchestrator: StepFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    orchestrator.start(MACHINE, "ws_1-exec_1", {})  # it goes on for ever: nothing runs it
    orchestrator.publish(OTHER)
    in_days(31, monkeypatch)
    handler({}, None)
    assert names() == ["promptpilot-test-1-" + "d" * 24]


def test_a_forgotten_machine_is_there_again_when_it_is_started(
    orchestrator: StepFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    orchestrator.publish(MACHINE)
    in_days(31, monkeypatch)
    handler({}, None)
    orchestrator.start(MACHINE, "ws_1-exec_1", {})
    assert names() == ["promptpilot-test-1-" + "d" * 24]
