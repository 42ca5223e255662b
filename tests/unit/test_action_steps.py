"""Steps that have something done elsewhere, and the request that is built in."""

import json
from dataclasses import replace
from typing import Any

import pytest

from promptpilot.domain.egress import EgressRules
from promptpilot.domain.execution import LogStatus
from promptpilot.domain.permissions import Role
from promptpilot.ports.egress import OutboundAnswer
from promptpilot.services.egress_rules import put_egress
from promptpilot.services.runs import action_steps
from promptpilot.services.steps.results import STATE_BYTES
from promptpilot.step_errors import ActionError, EgressRefused, step_error
from tests.fakes import ScriptedEgress
from tests.unit.kinds_world import KindsWorld

URL = "https://api.example.com/v1/items"
STEP = {"id": "call", "kind": "action", "action": "http.request", "with": {"url": URL}}


def answered(body: bytes = b"", status: int = 200, **headers: str) -> OutboundAnswer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return OutboundAnswer(status, named, body, URL)


class Calling:
    """A world with one action step, done with some arguments and the given answers."""

    def __init__(self, *answers: Any, step: dict[str, Any] | None = None) -> None:
        self.world = KindsWorld(step or STEP)
        self.world.egress = ScriptedEgress(answers)
        self.world.ports = self.world.ports_with(egress=self.world.egress)
        self.execution = self.world.run()

    async def do(self, **arguments: Any) -> Any:
        """The log; the result is what the state machine was told."""
        given = {"url": URL, **arguments}
        await self.world.do(self.execution, "call", variables=given)
        [log] = self.world.logs(self.execution)
        return log

    @property
    def result(self) -> Any:
        return self.world.orchestrator.succeeded["token call"]

    @property
    def sent(self) -> Any:
        return self.world.egress.sent[-1][0]


async def test_the_answer_is_the_steps_result_and_costs_nothing() -> None:
    calling = Calling(answered(b'{"id": 7}', 201, content_type="application/json; charset=utf-8"))
    log = await calling.do(method="POST", body={"name": "x", "much": True})
    assert calling.result["status"] == 201
    assert calling.result["body"] == {"id": 7}
    assert (calling.sent.method, calling.sent.headers["Content-Type"]) == (
        "POST",
        "application/json",
    )
    assert json.loads(calling.sent.body) == {"name": "x", "much": True}
    assert calling.sent.timeout == 60.0
    assert (log.kind, log.status, log.cost_micro_usd, log.usage) == (
        "action",
        LogStatus.SUCCEEDED,
        0,
        None,
    )
    assert log.output == calling.result


async def test_query_and_text_are_sent_as_given() -> None:
    calling = Calling(answered())
    query = {"a": [1, "two"], "b": True, "c": None, "d": "ä&b"}
    await calling.do(url=f"{URL}?x=1#part", query=query, text="plain", method="PUT", timeout=5)
    assert calling.sent.url == f"{URL}?x=1&a=1&a=two&b=true&d=%C3%A4%26b"
    assert calling.sent.body == b"plain"
    assert calling.sent.headers["Content-Type"].startswith("text/plain")
    assert calling.sent.timeout == 5.0


@pytest.mark.parametrize(
    ("body", "kind", "parsed"),
    [
        (b'{"a": 1}', "application/problem+json", {"a": 1}),
        (b"not json", "application/json", "not json"),
        (b"NaN", "application/json", "NaN"),
        (b"[" * 10_000, "application/json", "[" * 10_000),
        (b"1" * 30, "application/json", "1" * 30),
        (b'{"a": 1}', "text/html", '{"a": 1}'),
        ("ä".encode("latin-1"), "text/plain; charset=latin-1", "ä"),
        (b"x", "text/plain; charset=rot13", "x"),
        (b"\x82\xa0", "text/plain; charset=Shift_JIS", "\u3042"),
        (b"a-b", "text/plain; charset=punycode", "a-b"),
        (b"xn--4ca", "text/plain; charset=idna", "xn--4ca"),
        (b"+2AA-", "text/plain; charset=utf-7", "+2AA-"),
        (b"\\ud800", "text/plain; charset=unicode_escape", "\\ud800"),
        (b"\xff", "text/plain", "\ufffd"),
        (b"", "", ""),
    ],
)
async def test_a_body_is_parsed_where_it_is_json_and_text_otherwise(
    body: bytes, kind: str, parsed: Any
) -> None:
    calling = Calling(answered(body, content_type=kind))
    await calling.do()
    assert calling.result["body"] == parsed


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "ActionRejected"),
        (404, "ActionRejected"),
        (408, "ActionUnavailable"),
        (429, "ActionRateLimited"),
        (500, "ActionUnavailable"),
        (503, "ActionUnavailable"),
    ],
)
async def test_a_failure_of_the_other_side_fails_the_step_by_its_status(
    status: int, error: str
) -> None:
    calling = Calling(answered(b"never shown", status, retry_after="7"))
    log = await calling.do()
    told = calling.world.orchestrator.failed["token call"]
    assert told[0] == log.error.name == error
    assert str(status) in told[1]
    assert "never shown" not in told[1]
    assert isinstance(step_error(error, ""), ActionError)


async def test_a_status_that_the_step_accepts_is_a_result() -> None:
    calling = Calling(answered(b"none", 404))
    await calling.do(accept=[404, 410])
    assert calling.result["status"] == 404


async def test_an_address_that_is_refused_fails_the_step() -> None:
    calling = Calling(EgressRefused())
    log = await calling.do()
    assert log.error.name == "EgressRefused"


async def test_credentials_are_sent_and_never_shown() -> None:
    calling = Calling(answered())
    headers = {"Authorization": "Bearer s3cret", "X-API-Key": "s3cret", "X-Trace": "seen"}
    log = await calling.do(headers=headers, query={"access_token": "s3cret", "page": 2})
    assert calling.sent.headers["Authorization"] == "Bearer s3cret"
    assert "s3cret" in calling.sent.url
    assert "s3cret" not in log.model_dump_json()
    assert log.input["headers"]["X-Trace"] == "seen"
    assert log.input["query"]["page"] == 2


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"{URL}?page=2&api_key=s3cret#part", f"{URL}?page=2&api_key=***#part"),
        (f"{URL}?access%5Ftoken=s3cret&a=b?c=d", f"{URL}?access%5Ftoken=***&a=b?c=d"),
        ("https://one:s3cret@api.example.com/?a=b@c", "https://***@api.example.com/?a=b@c"),
        ("//s3cret@[", "//***@["),
        (f"{URL}/token=7?@", f"{URL}/token=7?@"),
    ],
)
async def test_credentials_in_a_url_are_not_shown(url: str, shown: str) -> None:
    calling = Calling(answered())
    log = await calling.do(url=url)
    assert log.input["url"] == shown


@pytest.mark.parametrize(
    "arguments",
    [
        {"query": {"api_key": {"is": "s3cret"}}},
        {"headers": {"Authorization": "s3cret"}, "body": 1, "text": "x"},
        {"url": f"{URL}?token=s3cret", "body": 1, "text": "x"},
    ],
)
async def test_credentials_are_not_told_with_what_is_wrong(arguments: dict[str, Any]) -> None:
    calling = Calling()
    log = await calling.do(**arguments)
    assert log.error.name == "StepInvalid"
    assert "s3cret" not in log.model_dump_json()
    assert "s3cret" not in str(calling.world.orchestrator.failed)


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": "\ud800"},
        {"body": {"a": "\ud800"}},
        {"query": {"a": "\ud800"}},
        {"headers": {"X": "\ud800"}},
        {"timeout": 10**400},
    ],
)
async def test_arguments_that_cannot_be_stored_fail_the_step(arguments: dict[str, Any]) -> None:
    calling = Calling()
    log = await calling.do(**arguments)
    assert log.error.name == "StepInvalid"
    assert log.input is None
    assert calling.world.egress.sent == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"url": 1},
        {"url": ""},
        {"method": "TRACE"},
        {"body": 1, "text": "x"},
        {"headers": {"X": ["a"]}},
        {"timeout": 0},
        {"accept": [200]},
        {"more": 1},
    ],
)
async def test_arguments_that_do_not_fit_send_nothing(arguments: dict[str, Any]) -> None:
    calling = Calling()
    log = await calling.do(**arguments)
    assert log.error.name == "StepInvalid"
    assert "do not fit the action" in log.error.message
    assert calling.world.egress.sent == []


async def test_a_connection_that_is_not_there_fails_the_step() -> None:
    calling = Calling(step={**STEP, "connection": "mine"})
    log = await calling.do()
    assert log.error.name == "StepInvalid"
    assert "mine" in log.error.message


async def test_an_action_that_has_gone_since_fails_the_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calling = Calling()
    monkeypatch.setattr(action_steps, "ACTIONS", {})
    log = await calling.do()
    assert log.error.name == "StepInvalid"
    assert "http.request" in log.error.message


async def test_the_rules_of_the_workspace_go_along() -> None:
    calling = Calling(answered())
    admin = replace(calling.world.principal, role=Role.ADMIN)
    rules = EgressRules(allow=("api.example.com",))
    put_egress(admin, rules, table=calling.world.ports.table)
    await calling.do()
    assert calling.world.egress.sent[-1][1] == rules


async def test_of_a_large_answer_the_state_has_all_but_the_body() -> None:
    calling = Calling(answered(b"x" * (STATE_BYTES + 1)))
    log = await calling.do()
    assert calling.result["status"] == 200
    blob = calling.world.ports.blobs.get(log.workspace, calling.result["body"]["blob"])
    assert json.loads(blob) == log.output["body"] == "x" * (STATE_BYTES + 1)
    assert calling.result["body"]["preview"] == "x" * 1_000


async def test_a_result_that_is_recorded_is_told_again_and_not_asked_for_again() -> None:
    calling = Calling(answered(b"once"))
    await calling.do()
    await calling.world.do(calling.execution, "call", 2, token="another", variables={"url": URL})
    assert calling.world.orchestrator.succeeded["another"] == calling.result
    assert len(calling.world.egress.sent) == 1
