"""What Step Functions is asked, exactly, and what its answers mean (canned: the Step Functions in
memory accepts nearly everything).
"""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from promptpilot.adapters.aws.machine_definition import definition_of
from promptpilot.adapters.aws.step_functions import StepFunctions
from promptpilot.errors import Conflict, DocumentInvalid, Invalid, NotFound, Unavailable
from promptpilot.ports.orchestrator import Machine
from tests.contract.aws_clients import cut_off_client
from tests.contract.canned_step_functions import (
    ARN,
    CREATED,
    CREATION,
    EXECUTION,
    FILLED_IN,
    MACHINE,
    NOW,
    QUEUE,
    SETTINGS,
    START,
    STARTED,
    TASK,
    Answers,
)
from tests.contract.orchestrators import step_functions

CALLS: dict[str, Callable[[StepFunctions], object]] = {
    "create_state_machine": lambda aws: aws.publish(MACHINE),
    "start_execution": lambda aws: aws.start(MACHINE, "ws_1-exec_1", {}),
    "stop_execution": lambda aws: aws.stop(MACHINE, "ws_1-exec_1", error="E", cause=""),
    "redrive_execution": lambda aws: aws.resume(MACHINE, "ws_1-exec_1", times=1),
    "get_execution_history": lambda aws: aws.history(MACHINE, "ws_1-exec_1", after=0, limit=1),
    "describe_execution": lambda aws: aws.output(EXECUTION),
    "list_state_machines": lambda aws: aws.forget_idle(NOW),
    "send_task_success": lambda aws: aws.succeed_task("token", {}),
    "send_task_failure": lambda aws: aws.fail_task("token", "E", "c"),
    "send_task_heartbeat": lambda aws: aws.heartbeat_task("token"),
}


@pytest.mark.parametrize("method", sorted(CALLS))
@pytest.mark.parametrize(
    "code", ["ThrottlingException", "AccessDeniedException", "InternalFailure", "InvalidArn"]
)
def test_whatever_else_step_functions_refuses_it_is_out_of_reach(method: str, code: str) -> None:
    answers = Answers().refuse(method, code)
    with pytest.raises(Unavailable):
        CALLS[method](answers.orchestrator)


@pytest.mark.parametrize("method", sorted(CALLS))
@pytest.mark.parametrize("error", [EndpointConnectionError, ReadTimeoutError])
def test_a_network_that_fails_makes_it_out_of_reach(method: str, error: type[Exception]) -> None:
    with pytest.raises(Unavailable):
        CALLS[method](step_functions(cut_off_client("stepfunctions", error)))


def test_a_machine_is_created_with_its_tags_role_logs_and_traces() -> None:
    answers = Answers().well("create_state_machine", CREATED, CREATION)
    answers.orchestrator.publish(MACHINE)
    answers.used_up()


def test_a_machine_is_published_once_in_a_process() -> None:
    answers = Answers().well("create_state_machine", CREATED)
    for _ in range(3):
        answers.orchestrator.publish(MACHINE)


def test_a_machine_that_step_functions_rejects_is_an_invalid_document() -> None:
    answers = Answers().refuse("create_state_machine", "InvalidDefinition", "no such state")
    with pytest.raises(DocumentInvalid) as refused:
        answers.orchestrator.publish(MACHINE)
    [problem] = refused.value.problems
    assert (problem.code, problem.message) == ("definition_rejected", "no such state")


def test_a_machine_that_was_not_published_is_tried_again() -> None:
    answers = Answers().refuse("create_state_machine", "StateMachineDeleting")
    with pytest.raises(Unavailable):
        answers.orchestrator.publish(MACHINE)
    answers.well("create_state_machine", CREATED).orchestrator.publish(MACHINE)
    answers.used_up()


def test_a_machine_of_an_older_deployment_is_brought_up_to_this_one() -> None:
    update = {"stateMachineArn": ARN, **SETTINGS}
    answers = Answers().refuse("create_state_machine", "StateMachineAlreadyExists")
    answers.well("update_state_machine", {"updateDate": NOW}, update)
    answers.orchestrator.publish(MACHINE)
    answers.used_up()


def test_only_the_queue_of_a_task_is_filled_in_however_deep_the_task() -> None:
    task = {"Type": "Task", "Arguments": TASK, "End": True}
    said = {"Type": "Pass", "Output": {"Arguments": TASK}, "Assign": {"a": TASK}, "Next": "map"}
    block = {"StartAt": "t", "States": {"t": task}}
    branched = {"Type": "Parallel", "Branches": [block, block], "End": True}
    processor = {"StartAt": "p", "States": {"p": branched}}
    states = {"say": said, "map": {"Type": "Map", "ItemProcessor": processor, "End": True}}
    machine = Machine("ws_1", "wf_1", "1.0.0", "d" * 64, {"StartAt": "say", "States": states})

    filled_in = {**task, "Arguments": FILLED_IN}
    found = json.loads(definition_of(machine, QUEUE))["States"]
    assert found["say"] == said
    branches = found["map"]["ItemProcessor"]["States"]["p"]["Branches"]
    assert [branch["States"]["t"] for branch in branches] == [filled_in, filled_in]
    assert task["Arguments"] == TASK


def test_a_start_of_a_machine_that_is_there_is_one_request() -> None:
    answers = Answers().well("start_execution", STARTED, START)
    answers.start()
    answers.used_up()


def test_a_start_publishes_a_machine_that_is_not_there() -> None:
    answers = Answers().refuse("start_execution", "StateMachineDoesNotExist", asked=START)
    answers.well("create_state_machine", CREATED, CREATION)
    answers.well("start_execution", STARTED, START)
    answers.start()
    answers.used_up()


def test_a_start_publishes_again_what_was_deleted_since_it_was_published() -> None:
    answers = Answers().well("create_state_machine", CREATED)
    answers.orchestrator.publish(MACHINE)
    answers.refuse("start_execution", "StateMachineDoesNotExist")
    answers.well("create_state_machine", CREATED, CREATION).well("start_execution", STARTED)
    answers.start()
    answers.used_up()


def test_a_start_of_a_machine_that_is_not_ready_is_for_later() -> None:
    answers = Answers().refuse("start_execution", "StateMachineDoesNotExist")
    answers.well("create_state_machine", CREATED)
    answers.refuse("start_execution", "StateMachineDoesNotExist")
    with pytest.raises(Unavailable):
        answers.start()


def test_a_name_that_was_used_starts_nothing_and_is_fine() -> None:
    answers = Answers().refuse("start_execution", "ExecutionAlreadyExists")
    answers.start()
    answers.used_up()


@pytest.mark.parametrize("code", ["ExecutionLimitExceeded", "StateMachineDeleting"])
def test_one_execution_too_many_is_for_later(code: str) -> None:
    with pytest.raises(Unavailable):
        Answers().refuse("start_execution", code).start()


def test_an_execution_is_stopped_by_its_machine_and_name() -> None:
    asked = {"executionArn": EXECUTION, "error": "E" * 256, "cause": "c" * 32_768}
    answers = Answers().well("stop_execution", {"stopDate": NOW}, asked)
    answers.orchestrator.stop(MACHINE, "ws_1-exec_1", error="E" * 300, cause="c" * 40_000)
    answers.used_up()


def test_an_execution_that_is_not_there_is_stopped_already() -> None:
    answers = Answers().refuse("stop_execution", "ExecutionDoesNotExist")
    answers.orchestrator.stop(MACHINE, "ws_1-exec_1", error="E", cause="")
    answers.used_up()


def test_an_execution_is_resumed() -> None:
    answers = Answers()
    answers.well("describe_execution", described("FAILED", redriveCount=0))
    answers.well("redrive_execution", {"redriveDate": NOW})
    answers.orchestrator.resume(MACHINE, "ws_1-exec_1", times=1)
    answers.used_up()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ExecutionDoesNotExist", NotFound),
        ("ExecutionLimitExceeded", Unavailable),
    ],
)
def test_an_execution_that_cannot_be_resumed_says_why(code: str, error: type[Exception]) -> None:
    answers = Answers()
    answers.well("describe_execution", described("FAILED", redriveCount=0))
    answers.refuse("redrive_execution", code)
    with pytest.raises(error):
        answers.orchestrator.resume(MACHINE, "ws_1-exec_1", times=1)


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
def test_an_execution_that_is_not_redrivable_is_a_conflict(status: str) -> None:
    answers = Answers()
    answers.well("describe_execution", described(status, redriveCount=0))
    answers.refuse("redrive_execution", "ExecutionNotRedrivable")
    answers.well("describe_execution", described(status))
    with pytest.raises(Conflict):
        answers.orchestrator.resume(MACHINE, "ws_1-exec_1", times=1)


def test_an_execution_that_runs_is_not_resumed_again() -> None:
    answers = Answers()
    answers.well("describe_execution", described("FAILED", redriveCount=0))
    answers.refuse("redrive_execution", "ExecutionNotRedrivable")
    answers.well("describe_execution", described("RUNNING"))
    answers.orchestrator.resume(MACHINE, "ws_1-exec_1", times=1)
    answers.used_up()


def test_an_execution_that_has_gone_on_so_often_is_not_resumed_again() -> None:
    answers = Answers()
    answers.well("describe_execution", described("FAILED", redriveCount=1))
    answers.orchestrator.resume(MACHINE, "ws_1-exec_1", times=1)
    answers.used_up()


def test_an_execution_that_is_not_there_cannot_be_resumed() -> None:
    answers = Answers().refuse("describe_execution", "ExecutionDoesNotExist")
    with pytest.raises(NotFound):
        answers.orchestrator.resume(MACHINE, "ws_1-exec_1", times=1)


def described(status: str, **more: Any) -> dict[str, Any]:
    return {"executionArn": EXECUTION, "stateMachineArn": ARN, "status": status, **more} | {
        "startDate": NOW
    }


@pytest.mark.parametrize("output", ['{"a": 1}', None])
def test_the_output_of_an_execution_is_read(output: str | None) -> None:
    told = described("SUCCEEDED", **({"output": output} if output else {}))
    answers = Answers().well("describe_execution", told, {"executionArn": EXECUTION})
    assert answers.orchestrator.output(EXECUTION) == output


def test_an_end_that_is_not_to_be_read_yet_is_for_later() -> None:
    answers = Answers().well("describe_execution", described("RUNNING"))
    with pytest.raises(Unavailable):
        answers.orchestrator.output(EXECUTION)


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
@pytest.mark.parametrize("method", [name for name in CALLS if name.startswith("send_")])
def test_nobody_waits_for_a_token_that_step_functions_does_not_know(method: str, code: str) -> None:
    assert CALLS[method](Answers().refuse(method, code).orchestrator) is False


def test_a_task_is_completed_with_its_output_as_json() -> None:
    asked = {"taskToken": "token", "output": '{"text":"Grüße"}'}
    answers = Answers().well("send_task_success", {}, asked)
    assert answers.orchestrator.succeed_task("token", {"text": "Grüße"})


def test_a_failure_is_cut_to_what_step_functions_takes() -> None:
    asked = {"taskToken": "token", "error": "E" * 256, "cause": "?" + "c" * 32_767}
    answers = Answers().well("send_task_failure", {}, asked)
    assert answers.orchestrator.fail_task("token", "E" * 300, "\ud800" + "c" * 40_000)


@pytest.mark.parametrize("wrong", [{"n": math.nan}, {"text": "\ud800"}, {"o": object()}])
def test_what_is_no_json_is_not_sent(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        Answers().orchestrator.succeed_task("token", wrong)
