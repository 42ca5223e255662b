"""Approvals and the rules of egress over the API."""

import asyncio
import json
from typing import Any

import pytest

from functions.execution_events.handler import handle as execution_events
from functions.step_worker.handler import handle as step_worker
from promptpilot.bus_event import bus_event
from promptpilot.clock import epoch_ms
from promptpilot.domain.event import Event
from promptpilot.domain.execution import ExecutionStatus
from promptpilot.domain.permissions import Role
from promptpilot.domain.step_job import WorkflowStepJob
from promptpilot.errors import Unavailable
from promptpilot.platform import Platform, current
from tests.handlers.here import Caller, set_role
from tests.handlers.queued_work import batch, message

DOCUMENT = {
    "name": "Ask first",
    "steps": [
        {
            "id": "ask",
            "kind": "approval",
            "message": "Well?",
            "form": {
                "type": "object",
                "properties": {"why": {"type": "string"}},
                "required": ["why"],
            },
        }
    ],
}
FORM = {"why": "It is right."}


def ask(caller: Caller) -> dict[str, Any]:
    """An approval that a new execution of a new workflow of the caller's asks for."""
    workflow = caller.post("/workflows", DOCUMENT).json
    execution = caller.post(f"/workflows/{workflow['id']}/execute", {}).json
    job = WorkflowStepJob(
        kind="approval",
        token="a token",
        workspace=execution["workspace"],
        execution=execution["id"],
        workflow=workflow["id"],
        version=execution["version"],
        step="ask",
        path="ask",
        message="Well?",
    )
    told = asyncio.run(step_worker(batch(message(job.model_dump_json(), sent_ms=epoch_ms()))))
    assert told == {"batchItemFailures": []}
    [found] = caller.get("/approvals?status=pending").json["items"]
    return found


def test_an_approval_is_listed_read_and_decided(one: Caller) -> None:
    approval = ask(one)
    path = f"/approvals/{approval['id']}"
    assert approval["status"] == "pending"
    assert "token" not in json.dumps(approval)
    assert one.get(path).json == approval
    assert one.get(f"/executions/{approval['execution_id']}").json["status"] == "waiting"
    body = {"decision": "approve", "comment": " Fine. ", "form": FORM}
    answer = one.post(f"{path}/decide", body)
    assert answer.status == 200, answer.text
    decided = answer.json
    assert (decided["status"], decided["comment"], decided["form_values"]) == (
        "approved",
        "Fine.",
        FORM,
    )
    assert decided["decided_by"] == one.user
    assert one.post(f"{path}/decide", body).json == decided
    assert one.post(f"{path}/decide", {"decision": "reject"}).status == 409
    assert one.get("/approvals?status=pending").json["items"] == []
    assert one.get("/approvals?status=approved").json["items"] == [decided]
    told = current().orchestrator.succeeded["a token"]
    assert (told["decision"], told["form"], told["by"]) == ("approved", FORM, one.user)
    execution = one.get(f"/executions/{approval['execution_id']}").json
    assert execution["status"] == ExecutionStatus.RUNNING


def test_a_form_that_does_not_fit_is_refused_with_places_in_the_body(one: Caller) -> None:
    approval = ask(one)
    answer = one.post(
        f"/approvals/{approval['id']}/decide", {"decision": "approve", "form": {"why": 1}}
    )
    assert (answer.status, answer.json["code"]) == (422, "document_invalid")
    assert [problem["at"] for problem in answer.json["problems"]] == ["/form/why"]


@pytest.mark.parametrize(
    "body", [{}, {"decision": "maybe"}, {"decision": "approve", "more": 1}, {"decision": None}]
)
def test_what_is_no_decision_is_refused(one: Caller, body: dict[str, Any]) -> None:
    approval = ask(one)
    answer = one.post(f"/approvals/{approval['id']}/decide", body)
    assert (answer.status, answer.json["code"]) == (422, "validation_failed")


def test_whoever_may_not_decide_reads_it_and_does_not_find_it_among_theirs(
    one: Caller, two: Caller
) -> None:
    approval = ask(one)
    assert two.get(f"/approvals/{approval['id']}").status == 404
    assert two.get("/approvals").json["items"] == []
    set_role(str(two.user), one.workspace, Role.RUNNER)
    member = two.within(one.workspace)
    assert member.get(f"/approvals/{approval['id']}").json == approval
    assert member.get("/approvals?mine=true").json["items"] == []
    assert one.get("/approvals?mine=true").json["items"] == [approval]
    answer = member.post(f"/approvals/{approval['id']}/decide", {"decision": "reject"})
    assert (answer.status, answer.json["code"]) == (403, "forbidden")


def test_an_approval_that_is_not_there_is_not_found(one: Caller) -> None:
    for path in ("/approvals/approval_01JD8WDC0E5T7V9X1Z3B5D7F9H", "/approvals/x"):
        assert one.get(path).status == 404
        assert one.post(f"{path}/decide", {"decision": "reject"}).status == 404


def test_lists_come_in_pages(one: Caller) -> None:
    first = ask(one)
    one.post(f"/approvals/{first['id']}/decide", {"decision": "reject"})
    second = ask(one)
    page = one.get("/approvals?limit=1").json
    assert [each["id"] for each in page["items"]] == [second["id"]]
    rest = one.get(f"/approvals?limit=1&cursor={page['next_cursor']}").json
    assert [each["id"] for each in rest["items"]] == [first["id"]]


def test_the_event_of_a_decision_tells_a_state_machine_that_was_not_told(
    ports: Platform, one: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval = ask(one)

    def out_of_reach(token: str, output: Any) -> bool:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(ports.orchestrator, "succeed_task", out_of_reach)
        answer = one.post(f"/approvals/{approval['id']}/decide", {"decision": "reject"})
    assert answer.status == 200
    assert ports.orchestrator.succeeded == {}
    outbox = (Event.model_validate_json(item.body) for item in ports.table.of_kind("outbox"))
    [decided] = [event for event in outbox if event.type == "approval.decided"]
    execution_events(bus_event(decided))
    assert ports.orchestrator.succeeded["a token"]["decision"] == "rejected"


def test_an_admin_sets_which_hosts_may_be_called(one: Caller, two: Caller) -> None:
    assert one.get("/workspace/egress").json == {"allow": None}
    rules = {"allow": ["API.example.com", "*.example.org:8443"]}
    answer = one.put("/workspace/egress", rules)
    assert answer.status == 200, answer.text
    assert answer.json == {"allow": ["api.example.com", "*.example.org:8443"]}
    assert one.get("/workspace/egress").json == answer.json
    assert one.put("/workspace/egress", {"allow": None}).json == {"allow": None}
    assert two.get("/workspace/egress").json == {"allow": None}
    set_role(str(two.user), one.workspace, Role.EDITOR)
    member = two.within(one.workspace)
    assert member.get("/workspace/egress").status == 403
    assert member.put("/workspace/egress", rules).status == 403


@pytest.mark.parametrize("pattern", ["http://a.com", "a b", "*", "a.com/x", ""])
def test_a_rule_that_is_no_host_is_refused(one: Caller, pattern: str) -> None:
    answer = one.put("/workspace/egress", {"allow": [pattern]})
    assert (answer.status, answer.json["code"]) == (422, "validation_failed")
    assert answer.json["fields"][0]["at"] == "/allow/0"
