"""Every function works with the role that it was given, and has no other."""

import re

from cloud.running import Cloud
from embedded.demo.client import Client
from tests.cloud.queues import PREFIX
from tests.cloud.workflows import WAIT_SECONDS, make_prompt, make_workflow, prompt_step, start
from tests.embedded.running import ended

DENIED = re.compile(r"AccessDenied|not authorized|is denied")
ON_PURPOSE = "explicit deny"
"""By which another test breaks the worker."""


def test_the_emulator_holds_functions_to_their_roles(cloud: Cloud) -> None:
    """Or the next test would prove nothing: the authorizer's role may not read the table."""
    lambda_ = cloud.account.client("lambda")
    role = lambda_.get_function_configuration(FunctionName=f"{PREFIX}-authorizer")["Role"]
    iam = cloud.account.client("iam")
    verdict = iam.simulate_principal_policy(
        PolicySourceArn=role, ActionNames=["dynamodb:GetItem"], ResourceArns=["*"]
    )
    assert verdict["EvaluationResults"][0]["EvalDecision"] != "allowed"


def test_no_function_was_refused_anything(cloud: Cloud, one: Client) -> None:
    prompt = make_prompt(one, "Roles")
    workflow = make_workflow(one, "Roles", [prompt_step("only", prompt, "x")])
    assert ended(one, start(one, workflow), WAIT_SECONDS)["status"] == "succeeded"
    log = cloud.emulator.log.read_text(errors="replace")
    denied = [line for line in log.splitlines() if DENIED.search(line)]
    assert not [line for line in denied if ON_PURPOSE not in line]


def test_all_functions_that_an_execution_needs_have_run(cloud: Cloud, one: Client) -> None:
    logs = cloud.account.client("logs")
    for name in ("api", "authorizer", "step-worker", "execution-events", "outbox"):
        group = f"/aws/lambda/{PREFIX}-{name}"
        assert logs.filter_log_events(logGroupName=group, limit=1)["events"], group
