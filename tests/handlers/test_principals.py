"""Everyone acts in their own workspaces, with the role that they have there now."""

import pytest

from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Role
from promptpilot.platform import Platform
from tests.handlers.here import (
    PROMPT,
    Caller,
    make_execution,
    make_prompt,
    make_workflow,
    set_role,
)

PRIVATE = [
    ("GET", "/me"),
    ("GET", "/prompts"),
    ("POST", "/prompts"),
    ("GET", "/prompts/x"),
    ("PATCH", "/prompts/x"),
    ("POST", "/prompts/x/versions"),
    ("GET", "/prompts/x/versions"),
    ("GET", "/prompts/x/versions/1.0.0"),
    ("GET", "/prompts/x/versions/1.0.0/diff/1.0.1"),
    ("PUT", "/prompts/x/labels/y"),
    ("DELETE", "/prompts/x/labels/y"),
    ("POST", "/prompts/x/render"),
    ("POST", "/prompts/x/run"),
    ("POST", "/prompts/x/fork"),
    ("GET", "/workflows"),
    ("POST", "/workflows"),
    ("GET", "/workflows/x"),
    ("PATCH", "/workflows/x"),
    ("GET", "/workflows/x/asl"),
    ("GET", "/workflows/x/bounds"),
    ("POST", "/workflows/x/archive"),
    ("POST", "/workflows/x/unarchive"),
    ("POST", "/workflows/x/versions"),
    ("GET", "/workflows/x/versions"),
    ("GET", "/workflows/x/versions/1.0.0"),
    ("GET", "/workflows/x/versions/1.0.0/diff/1.0.1"),
    ("PUT", "/workflows/x/labels/y"),
    ("DELETE", "/workflows/x/labels/y"),
    ("POST", "/workflows/drafts"),
    ("PUT", "/workflows/x/draft"),
    ("GET", "/workflows/x/draft"),
    ("DELETE", "/workflows/x/draft"),
    ("POST", "/workflows/x/draft/publish"),
    ("POST", "/workflows/validate"),
    ("POST", "/workflows/x/execute"),
    ("GET", "/executions"),
    ("GET", "/executions/x"),
    ("GET", "/executions/x/logs"),
    ("GET", "/executions/x/events"),
    ("POST", "/executions/x/cancel"),
    ("POST", "/executions/x/resume"),
    ("POST", "/executions/x/replay"),
    ("POST", "/workflows/x/suspend"),
    ("POST", "/workflows/x/unsuspend"),
    ("GET", "/workspace/limits"),
    ("PUT", "/workspace/limits"),
    ("POST", "/playground/compare"),
    ("GET", "/runs/x"),
    ("GET", "/runs/x/events"),
    ("POST", "/runs/x/cancel"),
    ("GET", "/workspace/model-aliases"),
    ("PUT", "/workspace/model-aliases"),
    ("GET", "/workspace/budget"),
    ("PUT", "/workspace/budget"),
    ("GET", "/workspace/costs"),
    ("GET", "/workspace/egress"),
    ("PUT", "/workspace/egress"),
    ("GET", "/workspace/model-keys"),
    ("PUT", "/workspace/model-keys/x"),
    ("DELETE", "/workspace/model-keys/x"),
    ("GET", "/approvals"),
    ("GET", "/approvals/x"),
    ("POST", "/approvals/x/decide"),
    ("GET", "/logs/x"),
    ("GET", "/feedback"),
    ("POST", "/feedback"),
    ("GET", "/feedback/x"),
    ("GET", "/models"),
    ("POST", "/files"),
    ("GET", "/files/x"),
]


@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_without_a_user_there_is_nothing_but_a_401(ports: Platform, method: str, path: str) -> None:
    answer = Caller().call(method, path)
    assert answer.status == 401
    assert answer.json["code"] == "unauthenticated"


def test_a_user_who_is_no_more_is_a_401(ports: Platform) -> None:
    assert Caller(new_id("user")).get("/prompts").status == 401


def test_another_ones_things_are_not_there(one: Caller, two: Caller) -> None:
    execution = make_execution(one)
    prompt = make_prompt(one)["id"]
    workflow = make_workflow(one)["id"]
    feedback = one.post("/feedback", {"execution_id": execution["id"], "rating": 1}).json["id"]
    for answer in (
        two.get(f"/prompts/{prompt}"),
        two.patch(f"/prompts/{prompt}", {"name": "Mine"}),
        two.get(f"/prompts/{prompt}/versions"),
        two.get(f"/prompts/{prompt}/versions/1.0.0"),
        two.get(f"/prompts/{prompt}/versions/1.0.0/diff/1.0.0"),
        two.post(f"/prompts/{prompt}/versions", {"content": "Mine: {{notes}}"}),
        two.put(f"/prompts/{prompt}/labels/production", {"version": "1.0.0"}),
        two.delete(f"/prompts/{prompt}/labels/production"),
        two.post(f"/prompts/{prompt}/render", {"variables": {"notes": "x"}}),
        two.post(f"/prompts/{prompt}/run", {"variables": {"notes": "x"}}),
        two.post(f"/prompts/{prompt}/fork", {}),
        two.get(f"/workflows/{workflow}"),
        two.patch(f"/workflows/{workflow}", {"name": "Mine"}),
        two.get(f"/workflows/{workflow}/asl"),
        two.get(f"/workflows/{workflow}/bounds"),
        two.post(f"/workflows/{workflow}/archive"),
        two.post(f"/workflows/{workflow}/unarchive"),
        two.post(f"/workflows/{workflow}/versions", {"name": "Mine", "steps": []}),
        two.get(f"/workflows/{workflow}/versions"),
        two.get(f"/workflows/{workflow}/versions/1.0.0"),
        two.get(f"/workflows/{workflow}/versions/1.0.0/diff/1.0.0"),
        two.put(f"/workflows/{workflow}/labels/production", {"version": "1.0.0"}),
        two.delete(f"/workflows/{workflow}/labels/production"),
        two.put(f"/workflows/{workflow}/draft", {"name": "Mine"}),
        two.get(f"/workflows/{workflow}/draft"),
        two.delete(f"/workflows/{workflow}/draft"),
        two.post(f"/workflows/{workflow}/draft/publish"),
        two.post(f"/workflows/{workflow}/execute", {"input": {"notes": "x"}}),
        two.get(f"/executions/{execution['id']}"),
        two.get(f"/executions/{execution['id']}/logs"),
        two.post("/feedback", {"execution_id": execution["id"], "rating": 1}),
        two.get(f"/feedback/{feedback}"),
    ):
        assert (answer.status, answer.json["code"]) == (404, "not_found"), answer.text
    for path in ("/prompts", "/workflows", "/executions", "/feedback"):
        assert two.get(path).json["items"] == []
    assert one.get(f"/prompts/{prompt}").json["name"] == PROMPT["name"]


def test_another_ones_prompt_cannot_be_built_into_a_workflow(one: Caller, two: Caller) -> None:
    step = {"id": "a", "kind": "prompt", "prompt": {"id": make_prompt(one)["id"]}, "with": {}}
    answer = two.post("/workflows", {"name": "W", "steps": [step]})
    assert answer.status == 422
    assert "prompt_unknown" in {problem["code"] for problem in answer.json["problems"]}


def test_a_member_of_a_workspace_acts_in_it(one: Caller, two: Caller) -> None:
    prompt = make_prompt(one)["id"]
    set_role(str(two.user), one.workspace, Role.VIEWER)
    assert two.within(one.workspace).get(f"/prompts/{prompt}").status == 200
    assert two.get(f"/prompts/{prompt}").status == 404


def test_a_role_that_does_not_allow_something_is_a_403_that_says_so(
    one: Caller, two: Caller
) -> None:
    set_role(str(two.user), one.workspace, Role.VIEWER)
    answer = two.within(one.workspace).post("/prompts", PROMPT)
    assert answer.status == 403
    assert (answer.json["action"], answer.json["role"]) == ("prompt:write", "viewer")


def test_a_role_that_was_taken_away_is_gone_with_the_next_request(one: Caller, two: Caller) -> None:
    within = two.within(one.workspace)
    set_role(str(two.user), one.workspace, Role.EDITOR)
    assert within.post("/prompts", PROMPT).status == 201
    set_role(str(two.user), one.workspace, Role.VIEWER)
    assert within.post("/prompts", PROMPT).status == 403


@pytest.mark.parametrize("workspace", ["nonsense", "", "x" * 5000, "user/x", "ws_\u0000"])
def test_a_workspace_that_is_none_is_not_there(one: Caller, workspace: str) -> None:
    answer = one.within(workspace).get("/prompts")
    assert (answer.status, answer.json["kind"]) == (404, "workspace")


def test_a_foreign_workspace_is_not_there(one: Caller, two: Caller) -> None:
    answer = two.within(one.workspace).get("/prompts")
    assert (answer.status, answer.json["kind"]) == (404, "workspace")
