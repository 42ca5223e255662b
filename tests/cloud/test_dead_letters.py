"""What cannot be handled ends where somebody looks, and nobody waits for it for ever."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cloud.running import Cloud
from embedded.demo.client import Client
from tests.cloud.queues import PREFIX, bodies, impatient, send
from tests.cloud.workflows import WAIT_SECONDS, make_prompt, make_workflow, prompt_step, start
from tests.embedded.running import ended, until

WORKER = f"{PREFIX}-step-worker"
DENIED = ["dynamodb:*", "sqs:ChangeMessageVisibility"]


@pytest.mark.parametrize(
    ("queue", "dead"),
    [
        ("steps", "steps-parked"),
        ("execution-events", "execution-events-dead"),
    ],
)
def test_a_message_that_is_none_reaches_the_dead_letters(
    cloud: Cloud, queue: str, dead: str
) -> None:
    poison = f"no message of {queue}"
    with impatient(cloud, queue, *(["steps-abandoned"] if queue == "steps" else [])):
        send(cloud, queue, poison)
        until(lambda: bodies(cloud, dead), lambda found: poison in found, WAIT_SECONDS)


def test_a_job_that_fails_thrice_ends_its_execution(cloud: Cloud, one: Client) -> None:
    prompt = make_prompt(one, "Abandoned")
    retry = {"attempts": 1}
    workflow = make_workflow(one, "Abandoned", [prompt_step("lost", prompt, "x", retry=retry)])
    assert ended(one, start(one, workflow), WAIT_SECONDS)["status"] == "succeeded"
    with impatient(cloud, "steps", "steps-abandoned"), broken_worker(cloud):
        done = ended(one, start(one, workflow), 2 * WAIT_SECONDS)
    assert done["status"] == "failed"
    assert done["error"]["name"] == "StepAbandoned"


@contextmanager
def broken_worker(cloud: Cloud) -> Iterator[None]:
    """A worker that is denied the table, and the right to have a job delivered later."""
    functions, iam = cloud.account.client("lambda"), cloud.account.client("iam")
    role = functions.get_function_configuration(FunctionName=WORKER)["Role"].rpartition("/")[2]
    denied = {"Effect": "Deny", "Action": DENIED, "Resource": "*"}
    iam.put_role_policy(
        RoleName=role,
        PolicyName="broken",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [denied]}),
    )
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="broken")
