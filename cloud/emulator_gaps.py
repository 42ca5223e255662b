"""All that the emulator does not do as AWS does, with what is done about it here and nowhere else.

The templates are not bent: what is left out or put right is done on the way to the emulator, by
this module but for these:

- A task that is tried again has the same token, branches and iterations share their variables, and
  a Parallel does not assign. `emulator_process.py` puts these right.
- CloudFront answers nobody without TLS, and has no way from `/api/*` to the API. `edge.py` stands
  in for it.

And what is just not proved there, since the emulator takes it and does nothing: time limits and
heartbeats of state machines, X-Ray, throttling, access logs, the subprotocol that `$connect`
answers, the layers' place behind the function's own code, and that a layer lacks something that
the emulator's own environment has (botocore, PyYAML, h11, wsproto, cryptography). It starts no
execution again (`RedriveExecution`).

What it has nothing of is tried nowhere but on AWS: calls of Amazon Bedrock and the right to them,
the worker in a VPC with a Valkey server, snapshots, that the account's own key for parameters
decrypts a secret for whoever may read it, how long a new secret takes to be readable everywhere,
and that freezing a process after an invocation loses no span.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cloud.account import Account


@dataclass(frozen=True)
class LeftOut:
    """A kind of resource that is taken out of a template: all of a type, or those of them that have
    a property.
    """

    type: str
    reason: str
    having: str | None = None


LEFT_OUT = (
    LeftOut("AWS::Budgets::Budget", "no such type; a budget only sends mail"),
    LeftOut("AWS::Events::Archive", "no such type; nothing reads the archive but an operator"),
    LeftOut("AWS::CloudWatch::Alarm", "knows no metric math; alarms only send mail", "Metrics"),
    LeftOut("AWS::CloudWatch::Dashboard", "shows the alarms, which are left out"),
)

PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}
"""The condition of statements that deny plain HTTP. They are taken out of resource policies: the
emulator speaks HTTP on loopback, and does hold them against every call.
"""

BY_TOKEN = {"states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"}
"""Actions that AWS allows on a state machine. The emulator does not look up whose machine's a
task's token is, and asks for a right on `*`.
"""

WITHIN_EMULATOR = "/_aws/execute-api/"
"""Below this path the emulator serves APIs, whose names on AWS mean nothing on this machine."""

LIVE_ENDPOINT = "PROMPTPILOT_LIVE_ENDPOINT"
"""The variable by which a function finds the WebSocket API; every other service it finds by
`AWS_ENDPOINT_URL`, which the emulator sets.
"""

Resource = Mapping[str, Any]
Statement = Mapping[str, Any]


def without_gaps(template: Mapping[str, Any]) -> dict[str, Any]:
    """The template without what the emulator refuses.

    Raises `ValueError` where something that stays needs what goes.
    """
    resources: Mapping[str, Resource] = template["Resources"]
    gone = {name for name, each in resources.items() if _is_left_out(each)}
    kept = {
        name: _with_statements_adapted(_freed(each, gone))
        for name, each in resources.items()
        if name not in gone
    }
    for name, each in kept.items():
        if missing := _named(each) & gone:
            raise ValueError(f"{name} needs {', '.join(sorted(missing))}, which is left out")
    outputs = {
        name: each for name, each in template.get("Outputs", {}).items() if not _named(each) & gone
    }
    return {**template, "Resources": kept, "Outputs": outputs}


def put_right(account: Account) -> None:
    """What the emulator needs after the stacks are there."""
    functions = account.client("lambda")
    for page in functions.get_paginator("list_functions").paginate():
        for each in page["Functions"]:
            variables = each.get("Environment", {}).get("Variables", {})
            if LIVE_ENDPOINT in variables:
                within = {LIVE_ENDPOINT: within_emulator(account.url, variables[LIVE_ENDPOINT])}
                functions.update_function_configuration(
                    FunctionName=each["FunctionName"], Environment={"Variables": variables | within}
                )


def within_emulator(emulator: str, url: str) -> str:
    """Where the emulator serves what is `https://ID.execute-api.REGION.amazonaws.com/STAGE` on AWS,
    by http.
    """
    parts = urlsplit(url)
    api = str(parts.hostname).partition(".")[0]
    return f"{emulator}{WITHIN_EMULATOR}{api}{parts.path.rstrip('/')}"


def _is_left_out(resource: Resource) -> bool:
    """One of those, or a policy of which nothing is left."""
    empty = bool(_statements(resource)) and not _adapted(resource)
    return empty or any(_is_one(resource, each) for each in LEFT_OUT)


def _is_one(resource: Resource, left_out: LeftOut) -> bool:
    if resource["Type"] != left_out.type:
        return False
    return left_out.having is None or left_out.having in resource["Properties"]


def _with_statements_adapted(resource: Resource) -> dict[str, Any]:
    if not _statements(resource):
        return dict(resource)
    properties = resource["Properties"]
    document = {**properties["PolicyDocument"], "Statement": _adapted(resource)}
    return {**resource, "Properties": {**properties, "PolicyDocument": document}}


def _statements(resource: Resource) -> list[Statement]:
    document = resource.get("Properties", {}).get("PolicyDocument", {})
    return list(document.get("Statement", []))


def _adapted(resource: Resource) -> list[Statement]:
    return [each for statement in _statements(resource) for each in _as_emulated(statement)]


def _as_emulated(statement: Statement) -> Iterator[Statement]:
    if statement["Effect"] == "Deny" and statement.get("Condition") == PLAIN_HTTP:
        return
    yield statement
    actions = statement.get("Action", [])
    by_token = BY_TOKEN.intersection([actions] if isinstance(actions, str) else actions)
    if by_token:
        yield {"Effect": statement["Effect"], "Action": sorted(by_token), "Resource": "*"}


def _freed(resource: Resource, gone: set[str]) -> dict[str, Any]:
    """The resource, no longer waiting for what is gone."""
    before = resource.get("DependsOn", [])
    names = [before] if isinstance(before, str) else before
    after = [each for each in names if each not in gone]
    rest = {name: value for name, value in resource.items() if name != "DependsOn"}
    return rest | ({"DependsOn": after} if after else {})


def _named(value: Any) -> set[str]:
    """The resources that a part of a template refers to by `Ref` or `Fn::GetAtt`."""
    if isinstance(value, list):
        return set().union(*map(_named, value))
    if not isinstance(value, dict):
        return set()
    if isinstance(value.get("Ref"), str):
        return {value["Ref"]}
    if isinstance(value.get("Fn::GetAtt"), list):
        return {value["Fn::GetAtt"][0]}
    return set().union(*map(_named, value.values()))
