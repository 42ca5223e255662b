"""Controlling executions, workflows and limits over the API."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.execution_events.handler import handle
from promptpilot.bus_event import bus_event
from promptpilot.clock import epoch_ms
from promptpilot.domain.event import Event
from promptpilot.domain.execution import parse_machine_name
from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Role
from promptpilot.platform import Platform
from tests.handlers.here import (
    Caller,
    end_execution,
    make_execution,
    make_user,
    make_workflow,
    set_role,
    tell,
)


def fail(execution: Mapping[str, Any]) -> None:
    tell(execution, "FAILED", stopDate=epoch_ms(), error="ModelTimeout", cause="slow")


def relay(ports: Platform) -> None:
    """Every event that was written is handled, once more where it was handled before."""
    for item in ports.table.of_kind("outbox"):  # type: ignore[attr-defined]
        handle(bus_event(Event.model_validate_json(item.body)))


def started(ports: Platform) -> list[str]:
    """The executions that were started, in order."""
    return [parse_machine_name(name)[1] for name in ports.orchestrator.started]  # type: ignore[attr-defined]


def another(one: Caller, workflow: str) -> dict[str, Any]:
    answer = one.post(f"/workflows/{workflow}/execute", {"input": {"notes": "Hi."}})
    assert answer.status == 202, answer.text
    execution: dict[str, Any] = answer.json
    return execution


def test_what_is_queued_is_cancelled_with_the_answer(one: Caller) -> None:
    execution = make_execution(one)
    path = f"/executions/{execution['id']}"
    answer = one.post(f"{path}/cancel", {"reason": "By mistake."})
    assert (answer.status, answer.json["status"]) == (200, "cancelled")
    assert answer.json["error"] == {"name": "Cancelled", "message": "By mistake.", "step": None}
    assert one.post(f"{path}/cancel").status == 200
    assert one.get(path).json["status"] == "cancelled"


def test_what_runs_is_about_to_end(one: Caller, ports: Platform) -> None:
    execution = make_execution(one)
    tell(execution, "RUNNING")
    answer = one.post(f"/executions/{execution['id']}/cancel")
    assert (answer.status, answer.json["status"]) == (202, "running")
    assert answer.json["cancelled_by"] == one.user
    assert len(ports.orchestrator.stopped) == 1  # type: ignore[attr-defined]


def test_what_has_ended_is_a_409_that_says_how(one: Caller) -> None:
    execution = make_execution(one)
    end_execution(execution)
    answer = one.post(f"/executions/{execution['id']}/cancel")
    assert (answer.status, answer.json["code"]) == (409, "execution_ended")
    assert answer.json["ended_as"] == "succeeded"


@pytest.mark.parametrize("body", [{"reason": 5}, {"reason": "x" * 1_001}, {"why": "x"}, []])
def test_a_request_to_cancel_that_says_something_else_is_refused(one: Caller, body: Any) -> None:
    execution = make_execution(one)
    assert one.post(f"/executions/{execution['id']}/cancel", body).status == 422
    assert one.get(f"/executions/{execution['id']}").json["status"] == "queued"


def test_an_execution_that_failed_is_resumed(one: Caller, ports: Platform) -> None:
    execution = make_execution(one)
    fail(execution)
    answer = one.post(f"/executions/{execution['id']}/resume")
    assert (answer.status, answer.json["status"], answer.json["resumes"]) == (202, "running", 1)
    assert len(ports.orchestrator.resumed) == 1  # type: ignore[attr-defined]
    again = one.post(f"/executions/{execution['id']}/resume")
    assert (again.status, again.json["code"]) == (409, "execution_not_ended")


def test_a_resumption_that_is_asked_for_again_has_the_first_answer(one: Caller) -> None:
    execution = make_execution(one)
    fail(execution)
    path = f"/executions/{execution['id']}/resume"
    first, second = (one.post(path, idempotency_key="k") for _ in range(2))
    assert (first.status, second.status) == (202, 202)
    assert second.json == first.json


def test_an_execution_that_succeeded_cannot_be_resumed(one: Caller) -> None:
    execution = make_execution(one)
    end_execution(execution)
    answer = one.post(f"/executions/{execution['id']}/resume")
    assert (answer.status, answer.json["code"]) == (409, "execution_not_resumable")


def test_an_execution_is_replayed_with_another_model(one: Caller) -> None:
    execution = make_execution(one)
    end_execution(execution)
    body = {"from_step": "summarize", "overrides": {"summarize": {"model": "fake/other"}}}
    answer = one.post(f"/executions/{execution['id']}/replay", body)
    assert answer.status == 202
    assert answer.header("Location") == f"/executions/{answer.json['id']}"
    assert answer.json["replay_of"] == {
        "execution_id": execution["id"],
        "from_step": "summarize",
    }
    assert answer.json["overrides"]["summarize"]["model"] == "fake/other"
    assert answer.json["input"] == execution["input"]
    assert one.get(f"/executions/{answer.json['id']}").json["status"] == "queued"


def test_a_replay_starts_once_for_each_key(one: Caller) -> None:
    execution = make_execution(one)
    end_execution(execution)
    path = f"/executions/{execution['id']}/replay"
    first, second = (one.post(path, {}, idempotency_key="k") for _ in range(2))
    assert first.json["id"] == second.json["id"]


def test_a_replay_that_does_not_fit_tells_every_place(one: Caller) -> None:
    execution = make_execution(one)
    end_execution(execution)
    overrides = {"a/b~c": {"model": "fake/x"}, "summarize": {"prompt_version": "7.0.0"}}
    body = {"from_step": "nowhere", "overrides": overrides}
    answer = one.post(f"/executions/{execution['id']}/replay", body)
    assert answer.status == 422
    assert [(each["at"], each["code"]) for each in answer.json["problems"]] == [
        ("/from_step", "step_unknown"),
        ("/overrides/a~1b~0c", "step_unknown"),
        ("/overrides/summarize/prompt_version", "version_unknown"),
    ]


def test_over_the_limit_executions_wait_for_their_turn(one: Caller, ports: Platform) -> None:
    workflow = make_workflow(one)["id"]
    assert one.get("/workspace/limits").json == {"max_running_executions": None}
    assert one.put("/workspace/limits", {"max_running_executions": 1}).status == 200
    first, second = another(one, workflow), another(one, workflow)
    assert (first["slot"], second["slot"]) == ("held", "queued")
    relay(ports)
    assert started(ports) == [first["id"]]
    end_execution(first)
    assert started(ports) == [first["id"], second["id"]]
    third = another(one, workflow)
    assert one.put("/workspace/limits", {"max_running_executions": None}).status == 200
    relay(ports)
    assert started(ports)[2:] == [third["id"]]


def test_what_waits_for_a_slot_can_be_cancelled_and_makes_room_for_nobody(
    one: Caller, ports: Platform
) -> None:
    workflow = make_workflow(one)["id"]
    one.put("/workspace/limits", {"max_running_executions": 1})
    first, second, third = (another(one, workflow) for _ in range(3))
    assert one.post(f"/executions/{second['id']}/cancel").json["status"] == "cancelled"
    assert started(ports) == [first["id"]]
    end_execution(first)
    assert started(ports) == [first["id"], third["id"]]


def test_what_is_let_in_and_cancelled_before_it_runs_gives_its_slot_on(
    one: Caller, ports: Platform
) -> None:
    workflow = make_workflow(one)["id"]
    one.put("/workspace/limits", {"max_running_executions": 1})
    first, second = another(one, workflow), another(one, workflow)
    one.post(f"/executions/{first['id']}/cancel")
    assert started(ports) == [first["id"], second["id"]]


@pytest.mark.parametrize("limit", [0, -1, 10_001, 1.5, "many"])
def test_a_limit_that_is_none_is_refused(one: Caller, limit: object) -> None:
    answer = one.put("/workspace/limits", {"max_running_executions": limit})
    assert answer.status == 422
    assert [each["at"] for each in answer.json["fields"]] == ["/max_running_executions"]


def test_only_admins_set_limits_and_everyone_may_read_them(one: Caller) -> None:
    editor = make_user("Editor")
    set_role(str(editor.user), one.workspace, Role.EDITOR)
    inside = editor.within(one.workspace)
    assert inside.put("/workspace/limits", {"max_running_executions": 1}).status == 403
    assert inside.get("/workspace/limits").status == 200


def test_calls_of_models_can_be_limited_by_vendor_and_by_model(one: Caller) -> None:
    limits = {
        "max_running_executions": None,
        "models": {
            "openai": {"requests_per_minute": 500, "tokens_per_minute": 200_000},
            "openai/gpt-5": {"requests_per_minute": 50},
        },
    }
    assert one.put("/workspace/limits", limits).json == limits
    assert one.get("/workspace/limits").json == limits


@pytest.mark.parametrize(
    "models", [{"Open AI": {}}, {"openai": {"requests_per_minute": 0}}, {"openai": {"rpm": 1}}]
)
def test_a_limit_of_models_that_is_none_is_refused(one: Caller, models: object) -> None:
    answer = one.put("/workspace/limits", {"models": models})
    assert answer.status == 422
    assert answer.json["fields"][0]["at"].startswith("/models")


def test_aliases_of_models_are_set_by_admins_and_read_by_everyone(one: Caller) -> None:
    assert one.get("/workspace/model-aliases").json == {"aliases": {}}
    aliases = {"aliases": {"cheap": ["fake/echo"], "best": ["fake/second", "fake/echo"]}}
    assert one.put("/workspace/model-aliases", aliases).json == aliases
    assert one.get("/workspace/model-aliases").json == aliases
    editor = make_user("Editor")
    set_role(str(editor.user), one.workspace, Role.EDITOR)
    inside = editor.within(one.workspace)
    assert inside.put("/workspace/model-aliases", aliases).status == 403
    assert inside.get("/workspace/model-aliases").json == aliases


@pytest.mark.parametrize(
    "aliases", [{"Cheap": ["fake/echo"]}, {"a": []}, {"a": ["alias/b"]}, {"a": ["nonsense"]}]
)
def test_an_alias_that_is_none_is_refused(one: Caller, aliases: object) -> None:
    answer = one.put("/workspace/model-aliases", {"aliases": aliases})
    assert answer.status == 422
    assert answer.json["fields"][0]["at"].startswith("/aliases")


def test_a_suspended_workflow_starts_nothing_until_it_goes_on(one: Caller, ports: Platform) -> None:
    workflow = make_workflow(one)["id"]
    running = another(one, workflow)
    body = {"cancel_running": True, "reason": "It sends the mails twice."}
    answer = one.post(f"/workflows/{workflow}/suspend", body)
    assert (answer.status, answer.json["suspended"]["by"]) == (200, one.user)
    assert one.get(f"/workflows/{workflow}").json["suspended"] == answer.json["suspended"]
    refused = one.post(f"/workflows/{workflow}/execute", {"input": {"notes": "Hi."}})
    assert (refused.status, refused.json["code"]) == (409, "workflow_suspended")
    relay(ports)
    assert one.get(f"/executions/{running['id']}").json["status"] == "cancelled"
    assert one.post(f"/workflows/{workflow}/unsuspend").json["suspended"] is None
    assert another(one, workflow)["status"] == "queued"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/executions/{execution}/cancel"),
        ("POST", "/executions/{execution}/resume"),
        ("POST", "/executions/{execution}/replay"),
        ("POST", "/workflows/{workflow}/suspend"),
        ("POST", "/workflows/{workflow}/unsuspend"),
    ],
)
def test_a_viewer_may_not_and_a_stranger_finds_nothing(
    one: Caller, two: Caller, method: str, path: str
) -> None:
    execution = make_execution(one)
    fail(execution)
    filled = path.format(execution=execution["id"], workflow=execution["workflow_id"])
    assert two.call(method, filled).status == 404
    viewer = make_user("Viewer")
    set_role(str(viewer.user), one.workspace, Role.VIEWER)
    assert viewer.within(one.workspace).call(method, filled).status == 403


def test_children_are_listed_by_their_parent(one: Caller) -> None:
    execution = make_execution(one)
    assert one.get(f"/executions/{execution['id']}").json["children"] == []
    assert one.get(f"/executions?parent={execution['id']}").json["items"] == []
    assert one.get(f"/executions?parent={new_id('workflow')}").status == 422
