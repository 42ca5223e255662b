"""Workflows run on state machines, a step queue and a worker, and leave their records behind."""

import json
from typing import Any

import pytest

from cloud.running import Cloud
from embedded.demo.client import Client
from tests.cloud.queues import queue_url
from tests.cloud.scripted_models import ScriptedModels
from tests.cloud.workflows import WAIT_SECONDS, make_prompt, make_workflow, prompt_step, start
from tests.embedded.running import ended

RETRY = {"attempts": 3, "interval": "1s", "jitter": "none"}


@pytest.fixture(scope="module")
def echo(one: Client) -> str:
    return make_prompt(one, "Echo")


def test_a_prompt_step_calls_the_model_and_is_recorded(one: Client, echo: str) -> None:
    workflow = make_workflow(
        one,
        "Two prompts",
        [
            prompt_step("first", echo, "{% $input.text %}"),
            prompt_step("second", echo, "{% $first.text %}"),
        ],
        output="{% $second.text %}",
    )
    execution = start(one, workflow, text="hello")
    done = ended(one, execution, WAIT_SECONDS)
    assert (done["status"], done["output"]) == ("succeeded", "Say: Say: hello")
    assert done["usage"]["output_tokens"] == 6
    logs = one.get(f"/executions/{execution}/logs")["items"]
    assert {log["step"]: log["status"] for log in logs} == {
        "first": "succeeded",
        "second": "succeeded",
    }


def test_a_transform_step_reshapes_values(one: Client) -> None:
    value = {"shout": "{% $uppercase($input.text) %}"}
    workflow = make_workflow(
        one, "Transform", [{"id": "shape", "kind": "transform", "value": value}]
    )
    done = ended(one, start(one, workflow, text="hello"), WAIT_SECONDS)
    assert (done["status"], done["output"]) == ("succeeded", {"shout": "HELLO"})


def test_a_fail_step_ends_the_execution_with_its_error(one: Client) -> None:
    step = {"id": "stop", "kind": "fail", "error": "TooSmall", "message": "no text"}
    done = ended(one, start(one, make_workflow(one, "Fail", [step])), WAIT_SECONDS)
    assert done["status"] == "failed"
    assert (done["error"]["name"], done["error"]["step"]) == ("TooSmall", "stop")


@pytest.mark.parametrize("status", [429, 500])
def test_a_step_is_tried_again_after_a_failure_that_passes(
    one: Client, models: ScriptedModels, status: int
) -> None:
    prompt = make_prompt(one, f"Flaky {status}", calls=f"fails-once-{status}")
    step = prompt_step("flaky", prompt, f"after {status}", retry=RETRY)
    workflow = make_workflow(one, f"Retry {status}", [step], output="{% $flaky.text %}")
    done = ended(one, start(one, workflow), WAIT_SECONDS)
    assert (done["status"], done["output"]) == ("succeeded", f"Say: after {status}")
    assert models.calls[f"Say: after {status}"] == 2


def test_a_step_that_fails_for_good_ends_the_execution(one: Client) -> None:
    prompt = make_prompt(one, "Refused", calls="refuses")
    workflow = make_workflow(one, "Refused", [prompt_step("refused", prompt, "x")])
    done = ended(one, start(one, workflow), WAIT_SECONDS)
    assert done["status"] == "failed"
    assert done["error"]["name"] == "ModelRejectedRequest"


def test_step_functions_got_exactly_the_machine_that_the_api_shows(
    cloud: Cloud, one: Client, echo: str
) -> None:
    branches = {"left": [prompt_step("only", echo, "{% $item & $input.text %}")]}
    inner = {"id": "both", "kind": "parallel", "branches": branches}
    outer = {"id": "numbers", "kind": "map", "items": [1, 2], "steps": [inner]}
    workflow = make_workflow(one, "Shown", [outer])
    ended(one, start(one, workflow, text="x"), WAIT_SECONDS)
    machines = cloud.account.client("stepfunctions")
    [arn] = [each for each in _machines(machines) if _ulid(workflow) in each]
    got = machines.describe_state_machine(stateMachineArn=arn)["definition"]
    shown = json.dumps(one.get(f"/workflows/{workflow}/asl"))
    assert json.loads(got) == json.loads(
        shown.replace("${StepQueueUrl}", queue_url(cloud, "steps"))
    )


def test_an_execution_is_given_feedback(one: Client, echo: str) -> None:
    workflow = make_workflow(one, "Judged", [prompt_step("only", echo, "{% $input.text %}")])
    execution = start(one, workflow, text="judge me")
    ended(one, execution, WAIT_SECONDS)
    given = one.post("/feedback", {"execution_id": execution, "rating": 5, "comment": "good"})
    assert one.get(f"/feedback/{given['id']}")["rating"] == 5


def test_a_prompt_runs_without_a_workflow(one: Client, echo: str) -> None:
    log = one.post(f"/prompts/{echo}/run", {"variables": {"text": "alone"}})
    assert log["output"] == "Say: alone"


def _machines(states: Any) -> list[str]:
    pages = states.get_paginator("list_state_machines").paginate()
    return [each["stateMachineArn"] for page in pages for each in page["stateMachines"]]


def _ulid(id: str) -> str:
    return id.rsplit("_", 1)[-1]
