"""Steps that ask people, run workflows and call servers, on the real embedded platform."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded.demo.client import Client
from tests.embedded.loopback import JsonHandler, LoopbackServer
from tests.embedded.running import Server, ended, until

ASK = {"id": "ask", "kind": "approval", "message": "{% 'About ' & $input.what & '?' %}"}


class Echo(JsonHandler):
    """Answers what it was sent."""

    def post(self, body: Any) -> None:
        self.answer(200, {"path": self.path, "sent": body})


@pytest.fixture
def echo() -> Iterator[str]:
    with LoopbackServer(Echo) as server:
        yield server.host


@pytest.fixture
def server(tmp_path: Path, echo: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("PROMPTPILOT_EGRESS_ALLOW", echo)
    running = Server(tmp_path).start()
    yield running
    running.kill()


def start(client: Client, *steps: dict[str, Any], **input: Any) -> dict[str, Any]:
    workflow = client.post("/workflows", {"name": "Kinds", "steps": list(steps)})
    execution: dict[str, Any] = client.post(
        f"/workflows/{workflow['id']}/execute", {"input": input}
    )
    return execution


def asked(client: Client, execution: str) -> dict[str, Any]:
    """The approval that an execution waits for."""
    until(lambda: client.get(f"/executions/{execution}")["status"], lambda each: each == "waiting")
    pending = client.get("/approvals?status=pending")["items"]
    found: dict[str, Any] = next(each for each in pending if each["execution_id"] == execution)
    return found


def child(client: Client, execution: dict[str, Any]) -> str:
    """The execution that the first step of this one runs."""
    logs = until(
        lambda: client.get(f"/executions/{execution['id']}/logs")["items"],
        lambda items: bool(items and items[0].get("child")),
    )
    return str(logs[0]["child"])


def decide(client: Client, approval: dict[str, Any], decision: str) -> None:
    client.post(f"/approvals/{approval['id']}/decide", {"decision": decision, "comment": "So."})


def test_an_execution_waits_for_a_decision_and_goes_on_with_it(server: Server) -> None:
    client = server.sign_up("kinds@example.com")
    started = start(client, ASK, what="notes")
    approval = asked(client, started["id"])
    assert approval["message"] == "About notes?"
    decide(client, approval, "approve")
    execution = ended(client, started["id"])
    assert (execution["status"], execution["output"]["decision"]) == ("succeeded", "approved")
    assert execution["started_at"] is not None


def test_an_execution_that_waits_survives_a_crash_and_is_decided_afterwards(
    server: Server,
) -> None:
    client = server.sign_up("crash@example.com")
    started = start(client, ASK, what="notes")
    approval = asked(client, started["id"])
    server.kill()
    server.start()
    client = server.log_in("crash@example.com")
    decide(client, asked(client, started["id"]), "reject")
    execution = ended(client, started["id"])
    assert (execution["status"], execution["output"]["decision"]) == ("succeeded", "rejected")
    assert client.get(f"/approvals/{approval['id']}")["status"] == "rejected"


def test_a_cancelled_execution_asks_nobody_any_more(server: Server) -> None:
    client = server.sign_up("cancel@example.com")
    started = start(client, ASK, what="notes")
    approval = asked(client, started["id"])
    client.post(f"/executions/{started['id']}/cancel", {})
    assert ended(client, started["id"])["status"] == "cancelled"
    found = until(
        lambda: client.get(f"/approvals/{approval['id']}"), lambda each: each["status"] != "pending"
    )
    assert found["status"] == "cancelled"


def test_nobody_decides_in_time(server: Server) -> None:
    client = server.sign_up("late@example.com")
    failing = start(client, {**ASK, "timeout": "1s"}, what="x")
    going_on = start(client, {**ASK, "timeout": "1s", "on_timeout": "reject"}, what="x")
    execution = ended(client, failing["id"])
    assert (execution["status"], execution["error"]["name"]) == ("failed", "ApprovalTimedOut")
    assert execution["error"]["step"] == "ask"
    until(
        lambda: [each["status"] for each in client.get("/approvals")["items"]],
        lambda each: "expired" in each and "cancelled" not in each,
    )
    execution = ended(client, going_on["id"])
    assert (execution["status"], execution["output"]["decision"]) == ("succeeded", "rejected")


def test_a_step_runs_another_workflow_and_has_its_output(server: Server) -> None:
    client = server.sign_up("child@example.com")
    inner = client.post(
        "/workflows",
        {
            "name": "Inner",
            "input": {"type": "object", "properties": {"n": {"type": "integer"}}},
            "steps": [{"id": "twice", "kind": "transform", "value": "{% $input.n * 2 %}"}],
        },
    )
    step = {
        "id": "sub",
        "kind": "workflow",
        "workflow": {"id": inner["id"]},
        "with": {"n": "{% $input.n %}"},
    }
    execution = ended(client, start(client, step, n=21)["id"])
    assert (execution["status"], execution["output"]) == ("succeeded", 42)
    [log] = client.get(f"/executions/{execution['id']}/logs")["items"]
    assert (log["status"], log["output"]) == ("succeeded", 42)
    assert client.get(f"/executions/{log['child']}")["parent"]["execution_id"] == execution["id"]


def test_a_child_that_asks_keeps_its_parent_and_ends_with_it(server: Server) -> None:
    client = server.sign_up("deep@example.com")
    inner = client.post("/workflows", {"name": "Inner", "steps": [ASK]})
    step = {
        "id": "sub",
        "kind": "workflow",
        "workflow": {"id": inner["id"]},
        "with": {"what": "it"},
    }
    first, second, third = (start(client, step) for _ in range(3))
    decide(client, asked(client, child(client, first)), "approve")
    execution = ended(client, first["id"])
    assert (execution["status"], execution["output"]["decision"]) == ("succeeded", "approved")
    asked(client, child(client, second))
    client.post(f"/executions/{second['id']}/cancel", {})
    assert ended(client, child(client, second))["status"] == "cancelled"

    asked(client, child(client, third))
    server.kill()
    server.start()
    client = server.log_in("deep@example.com")
    decide(client, asked(client, child(client, third)), "reject")
    execution = ended(client, third["id"])
    assert (execution["status"], execution["output"]["decision"]) == ("succeeded", "rejected")
    children = client.get(f"/executions/{third['id']}")["children"]
    assert [each["status"] for each in children] == ["succeeded"]


def test_a_child_that_fails_fails_its_parent(server: Server) -> None:
    client = server.sign_up("fail@example.com")
    fail = {"id": "no", "kind": "fail", "error": "Sorry", "message": "Not today."}
    inner = client.post("/workflows", {"name": "Inner", "steps": [fail]})
    step = {"id": "sub", "kind": "workflow", "workflow": {"id": inner["id"]}}
    execution = ended(client, start(client, step)["id"])
    assert (execution["status"], execution["error"]["name"]) == ("failed", "ChildFailed")
    assert "Sorry: Not today." in execution["error"]["message"]
    assert execution["error"]["step"] == "sub"


def test_a_request_reaches_what_the_operator_has_opened_and_nothing_else_of_this_machine(
    server: Server, echo: str
) -> None:
    client = server.sign_up("call@example.com")

    def call(host: str) -> dict[str, Any]:
        step = {
            "id": "call",
            "kind": "action",
            "action": "http.request",
            "with": {
                "url": "{% 'http://' & $input.host & '/x' %}",
                "method": "POST",
                "body": {"a": 1},
            },
        }
        return ended(client, start(client, step, host=host)["id"])

    execution = call(echo)
    assert (execution["status"], execution["output"]["status"]) == ("succeeded", 200)
    assert execution["output"]["body"] == {"path": "/x", "sent": {"a": 1}}
    for host in (server.url.removeprefix("http://"), "localhost", "169.254.169.254"):
        execution = call(host)
        assert (execution["status"], execution["error"]["name"]) == ("failed", "EgressRefused")
