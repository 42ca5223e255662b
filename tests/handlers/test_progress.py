"""GET /executions/{id}/events: what happens in an execution, for a client that keeps asking."""

from typing import Any

import pytest

from promptpilot.clock import now
from promptpilot.domain.execution import machine_name
from promptpilot.domain.permissions import Role
from promptpilot.platform import Platform, current
from promptpilot.ports.orchestrator import HistoryEvent
from tests.handlers.here import Caller, end_execution, make_execution, make_workflow, set_role
from tests.unit.world import RecordingOrchestrator


def happens(execution: dict[str, Any], type: Any, state: str) -> None:
    orchestrator = current().orchestrator
    assert isinstance(orchestrator, RecordingOrchestrator)
    name = machine_name(execution["workspace"], execution["id"])
    history = orchestrator.histories.setdefault(name, [])
    history.append(HistoryEvent(len(history) + 1, now(), type, state))


@pytest.fixture
def execution(ports: Platform, one: Caller) -> dict[str, Any]:
    execution = make_execution(one)
    happens(execution, "state_entered", "summarize")
    return execution


def events_of(execution: dict[str, Any]) -> str:
    return f"/executions/{execution['id']}/events"


def test_events_come_in_order_with_a_cursor_that_goes_on(
    one: Caller, execution: dict[str, Any]
) -> None:
    first = one.get(events_of(execution))
    assert first.status == 200
    assert first.header("Cache-Control") == "no-store"
    assert first.json["status"] == "queued"
    (entered,) = first.json["items"]
    assert entered.pop("at").endswith("Z")
    assert entered == {
        "type": "state.entered",
        "id": 1,
        "state": "summarize",
        "step": "summarize",
        "path": "summarize",
        "iteration": None,
        "error": None,
    }
    happens(execution, "state_exited", "summarize")
    end_execution(execution)
    second = one.get(f"{events_of(execution)}?cursor={first.json['next_cursor']}").json
    assert [item["type"] for item in second["items"]] == ["state.left", "execution.succeeded"]
    assert second["status"] == "succeeded"
    assert second["cost_micro_usd"] == 0


def test_an_empty_cursor_is_the_beginning(one: Caller, execution: dict[str, Any]) -> None:
    assert len(one.get(f"{events_of(execution)}?cursor=").json["items"]) == 1


def test_pages_have_the_size_that_is_asked_for(one: Caller, execution: dict[str, Any]) -> None:
    happens(execution, "state_exited", "summarize")
    cursor = ""
    types = []
    for _ in range(2):
        page = one.get(f"{events_of(execution)}?limit=1{cursor}").json
        types += [item["type"] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert types == ["state.entered", "state.left"]


def test_a_client_may_wait(one: Caller, execution: dict[str, Any]) -> None:
    answer = one.get(events_of(execution), prefer="wait=20")
    assert answer.header("Preference-Applied") == "wait=20"
    assert len(answer.json["items"]) == 1


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("cursor=made-up", 400, "cursor_invalid"),
        (f"cursor={'x' * 5_000}", 422, "validation_failed"),
        ("limit=0", 422, "validation_failed"),
        ("limit=1001", 422, "validation_failed"),
        ("since=1", 422, "validation_failed"),
    ],
)
def test_what_cannot_be_is_refused(
    one: Caller, execution: dict[str, Any], query: str, status: int, code: str
) -> None:
    answer = one.get(f"{events_of(execution)}?{query}")
    assert (answer.status, answer.json["code"]) == (status, code)


def test_a_cursor_of_another_list_is_refused(one: Caller, execution: dict[str, Any]) -> None:
    make_execution(one)
    listed = one.get("/executions?limit=1").json["next_cursor"]
    answer = one.get(f"{events_of(execution)}?cursor={listed}")
    assert (answer.status, answer.json["code"]) == (400, "cursor_invalid")


def test_others_do_not_find_it_and_viewers_of_the_workspace_do(
    one: Caller, two: Caller, execution: dict[str, Any]
) -> None:
    assert two.get(events_of(execution)).status == 404
    assert two.within(one.workspace).get(events_of(execution)).status == 404
    set_role(str(two.user), one.workspace, Role.VIEWER)
    assert two.within(one.workspace).get(events_of(execution)).status == 200
    assert Caller().get(events_of(execution)).status == 401
    assert one.get("/executions/execution_0/events").status == 404


def test_whether_it_streams_is_said_when_it_is_started(one: Caller) -> None:
    workflow = make_workflow(one)
    for body, streams in [({}, False), ({"stream": True}, True)]:
        asked = {"input": {"notes": "Hi."}, **body}
        execution = one.post(f"/workflows/{workflow['id']}/execute", asked).json
        assert execution["stream"] is streams
        assert one.get(f"/executions/{execution['id']}").json["stream"] is streams
