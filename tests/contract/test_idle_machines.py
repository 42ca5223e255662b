"""Which state machines are deleted, by what Step Functions tells of them (canned)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract.canned_step_functions import ARN, EXECUTION, NOW, Answers

OLD = NOW - timedelta(days=31)
RECENT = NOW - timedelta(days=29)
SINCE = NOW - timedelta(days=30)


def listed(arn: str = ARN, created: datetime = OLD, **more: Any) -> dict[str, Any]:
    machine = {"stateMachineArn": arn, "name": "n", "type": "STANDARD", "creationDate": created}
    return {"stateMachines": [machine], **more}


def execution(status: str = "SUCCEEDED", **dates: datetime) -> dict[str, Any]:
    told = {"executionArn": EXECUTION, "stateMachineArn": ARN, "name": "n", "status": status}
    return {**told, "startDate": OLD, **dates}


@pytest.mark.parametrize("executions", [[], [execution()], [execution(stopDate=OLD)]])
def test_an_idle_machine_is_deleted(executions: list[dict[str, Any]]) -> None:
    answers = Answers().well("list_state_machines", listed())
    answers.well(
        "list_executions",
        {"executions": executions},
        {"stateMachineArn": ARN, "maxResults": 100},
    )
    answers.well("delete_state_machine", {}, {"stateMachineArn": ARN})
    assert answers.orchestrator.forget_idle(SINCE) == 1
    answers.used_up()


@pytest.mark.parametrize(
    "last",
    [
        execution("RUNNING"),
        execution(startDate=RECENT),
        execution("FAILED", stopDate=RECENT),
        execution("FAILED", redriveDate=RECENT),
    ],
)
def test_a_machine_whose_executions_go_on_or_can_be_resumed_stays(last: dict[str, Any]) -> None:
    answers = Answers().well("list_state_machines", listed())
    answers.well("list_executions", {"executions": [execution(), last]})
    assert answers.orchestrator.forget_idle(SINCE) == 0
    answers.used_up()


@pytest.mark.parametrize(
    "page", [listed(created=RECENT), listed(arn=ARN.replace("promptpilot-test", "other-test"))]
)
def test_a_new_machine_and_somebody_elses_are_not_looked_at(page: dict[str, Any]) -> None:
    answers = Answers().well("list_state_machines", page)
    assert answers.orchestrator.forget_idle(SINCE) == 0
    answers.used_up()


def test_all_pages_are_looked_through_and_a_machine_under_deletion_is_passed_over() -> None:
    answers = Answers().well("list_state_machines", listed(nextToken="more"), {"maxResults": 1000})
    answers.refuse("list_executions", "StateMachineDoesNotExist")
    answers.well("list_state_machines", listed(), {"maxResults": 1000, "nextToken": "more"})
    answers.well("list_executions", {"executions": []}).well("delete_state_machine")
    assert answers.orchestrator.forget_idle(SINCE) == 1
    answers.used_up()
