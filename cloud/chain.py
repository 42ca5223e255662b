"""Runs the chain of five prompts on the emulated cloud, and counts what it asked of AWS."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloud.counted_calls import Counted, count_since, size_of
from cloud.running import Cloud
from embedded.demo.client import Client

STEPS = 5
EMAIL = "cost@example.com"
WAIT_SECONDS = 60
SETTLED_SECONDS = 3
"""For what comes after an execution: events, and those who are told of them."""
NOTHING: Mapping[str, Any] = {}
FINAL = {"succeeded", "failed", "cancelled", "timed_out"}


@dataclass(frozen=True)
class Chain:
    """How often the chain was run, what that took, and the bytes it logged."""

    executions: int
    counted: Counted
    logged_bytes: int


def counted_runs(
    cloud: Cloud,
    client: Client,
    workflow: str,
    texts: Sequence[str],
    *,
    settle: float = SETTLED_SECONDS,
) -> Chain:
    """Run it with the first text to warm up, then with the others one after another, counted."""
    warm, *counting = texts
    _run(client, workflow, warm)
    time.sleep(settle)
    start, logged = size_of(cloud.emulator.calls), _logged_bytes(cloud)
    for text in counting:
        _run(client, workflow, text)
    time.sleep(SETTLED_SECONDS)
    counted = count_since(cloud.emulator.calls, start)
    return Chain(len(counting), counted, _logged_bytes(cloud) - logged)


def signed_up(cloud: Cloud) -> Client:
    """A client as a new user."""
    account = {"email": EMAIL, "password": secrets.token_urlsafe(18)}
    client = Client(cloud.api_url)
    client.post("/auth/signup", {**account, "name": "Cost"})
    cloud.account.client("cognito-idp").admin_confirm_sign_up(
        UserPoolId=cloud.output("UserPoolId"), Username=EMAIL
    )
    return client.with_token(client.post("/auth/login", account)["access_token"])


def chain_of(client: Client, model: str, more: Mapping[str, Any] = NOTHING) -> str:
    """The id of a new workflow: steps of which each is told the answer before, and the input, so
    that other inputs make other requests. `more` is of every step.
    """
    fields = {"name": "Say", "content": "Say: {{text}}", "variables": ["text"], "model": model}
    prompt = client.post("/prompts", fields)["id"]
    before = ["'first'", *(f"$step_{number}.text" for number in range(1, STEPS))]
    steps = [
        {
            "id": f"step_{number}",
            "kind": "prompt",
            "prompt": {"id": prompt},
            "with": {"text": f"{{% $input.text & {text} & '{number}' %}}"},
            **more,
        }
        for number, text in enumerate(before, 1)
    ]
    return str(client.post("/workflows", {"name": "Chain", "steps": steps})["id"])


def _run(client: Client, workflow: str, text: str) -> None:
    """One execution, asked for once in the end: a client that waits is told over the WebSocket."""
    execution = client.post(f"/workflows/{workflow}/execute", {"input": {"text": text}})["id"]
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        time.sleep(1)
        if client.get(f"/executions/{execution}")["status"] in FINAL:
            return
    raise TimeoutError(f"{execution} did not end in {WAIT_SECONDS} s")


def _logged_bytes(cloud: Cloud) -> int:
    groups: list[Any] = []
    for page in cloud.account.client("logs").get_paginator("describe_log_groups").paginate():
        groups += page["logGroups"]
    return sum(int(group.get("storedBytes", 0)) for group in groups)
