"""Each kind of step on real templates: state machines, a queue, a worker."""

from typing import Any

import pytest

from embedded.demo.client import Client
from tests.cloud.workflows import WAIT_SECONDS, make_prompt, make_workflow, prompt_step, start
from tests.embedded.running import ended, until


@pytest.fixture(scope="module")
def echo(one: Client) -> str:
    return make_prompt(one, "Echo for kinds")


def transform(id: str, value: Any) -> dict[str, Any]:
    return {"id": id, "kind": "transform", "value": value}


def outcome(client: Client, name: str, steps: list[Any], *, output: Any, **input: Any) -> Any:
    """What an execution of these steps answers."""
    workflow = make_workflow(client, name, steps, output=output)
    done = ended(client, start(client, workflow, **input), WAIT_SECONDS)
    assert done["status"] == "succeeded", done["error"]
    return done["output"]


@pytest.mark.parametrize(("number", "path"), [(5, "high"), (-5, "low"), (0, None)])
def test_a_branch_takes_the_path_whose_condition_holds(
    one: Client, number: int, path: str | None
) -> None:
    cases = [
        {"when": "{% $input.n > 0 %}", "steps": [transform("high", "high")]},
        {"when": "{% $input.n < 0 %}", "steps": [transform("low", "low")]},
    ]
    step = {"id": "route", "kind": "branch", "cases": cases}
    assert outcome(one, f"Branch {number}", [step], output={"path": "{% $route %}"}, n=number) == {
        "path": path
    }


def test_a_parallel_gives_every_branch_s_result_by_its_name(one: Client, echo: str) -> None:
    branches = {
        "left": [prompt_step("left_one", echo, "L")],
        "right": [prompt_step("right_one", echo, "R")],
    }
    step = {"id": "both", "kind": "parallel", "branches": branches}
    output = {"left": "{% $both.left.text %}", "right": "{% $both.right.text %}"}
    assert outcome(one, "Parallel", [step], output=output) == {"left": "Say: L", "right": "Say: R"}


def test_a_map_gives_the_results_in_the_order_of_its_items(one: Client, echo: str) -> None:
    step = {
        "id": "each_word",
        "kind": "map",
        "items": "{% $input.words %}",
        "as": "word",
        "steps": [
            prompt_step("say", echo, "{% $word & $word_index %}"),
            transform("shout", "{% $uppercase($say.text) %}"),
        ],
    }
    words = ["a", "b", "c"]
    found = outcome(one, "Map", [step], output="{% $each_word %}", words=words)
    assert found == ["SAY: A0", "SAY: B1", "SAY: C2"]


def test_a_loop_goes_on_until_its_condition_holds(one: Client) -> None:
    step = {
        "id": "count_up",
        "kind": "loop",
        "until": "{% $reached >= 3 %}",
        "max_iterations": 10,
        "steps": [transform("reached", "{% $count_up.index + 1 %}")],
    }
    assert outcome(one, "Loop", [step], output="{% $count_up %}") == {"iterations": 3, "last": 3}


def test_a_wait_goes_on_after_its_time(one: Client) -> None:
    steps = [{"id": "pause", "kind": "wait", "for": "1s"}, transform("after", "later")]
    assert outcome(one, "Wait", steps, output="{% $after %}") == "later"


def test_steps_that_catch_a_failure_take_the_step_s_place(one: Client) -> None:
    refused = make_prompt(one, "Refused for kinds", calls="refuses")
    caught = {"steps": [transform("instead", "{% 'instead of ' & $error.step %}")]}
    step = prompt_step("refused", refused, "x", on_error=caught)
    assert outcome(one, "Caught", [step], output="{% $refused %}") == "instead of refused"


def test_a_fallback_answers_where_the_model_does_not(one: Client, echo: str) -> None:
    step = prompt_step(
        "asked", echo, "hello", model="custom/scripted/refuses", fallbacks=["custom/scripted/echo"]
    )
    assert outcome(one, "Fallback", [step], output="{% $asked.text %}") == "Say: hello"


@pytest.mark.parametrize(("decision", "decided"), [("approve", "approved"), ("reject", "rejected")])
def test_an_approval_waits_for_a_decision(one: Client, decision: str, decided: str) -> None:
    step = {"id": "ask", "kind": "approval", "message": "{% 'May ' & $input.who & ' go?' %}"}
    workflow = make_workflow(
        one, f"Approval {decision}", [step], output={"is": "{% $ask.decision %}"}
    )
    execution = start(one, workflow, who="one")
    [approval] = until(lambda: _pending(one, execution), bool, seconds=WAIT_SECONDS)
    assert approval["message"] == "May one go?"
    assert one.get(f"/executions/{execution}")["status"] == "waiting"
    one.post(f"/approvals/{approval['id']}/decide", {"decision": decision, "comment": "well"})
    done = ended(one, execution, WAIT_SECONDS)
    assert (done["status"], done["output"]) == ("succeeded", {"is": decided})
    assert not _pending(one, execution)


def _pending(client: Client, execution: str) -> list[Any]:
    found = client.get("/approvals?status=pending")["items"]
    return [each for each in found if each["execution_id"] == execution]


def test_a_workflow_step_runs_another_workflow(one: Client, echo: str) -> None:
    child = make_workflow(
        one, "Child", [prompt_step("say", echo, "{% $input.text %}")], output="{% $say.text %}"
    )
    step = {
        "id": "run_child",
        "kind": "workflow",
        "workflow": {"id": child},
        "with": {"text": "{% $input.text & '!' %}"},
    }
    parent = make_workflow(one, "Parent", [step], output="{% $run_child %}")
    execution = start(one, parent, text="hello")
    done = ended(one, execution, WAIT_SECONDS)
    assert (done["status"], done["output"]) == ("succeeded", "Say: hello!")
    [log] = one.get(f"/executions/{execution}/logs")["items"]
    assert one.get(f"/executions/{log['child']}")["parent"]["execution_id"] == execution


def test_a_workflow_step_fails_where_the_other_workflow_does(one: Client) -> None:
    failing = [{"id": "stop", "kind": "fail", "error": "NotToday"}]
    child = make_workflow(one, "Failing child", failing)
    step = {
        "id": "run_child",
        "kind": "workflow",
        "workflow": {"id": child},
        "on_error": {"value": "{% $error.name %}"},
    }
    assert outcome(one, "Parent of failing", [step], output="{% $run_child %}") == "ChildFailed"


def test_an_action_may_not_reach_the_inside(one: Client) -> None:
    step = {
        "id": "inside",
        "kind": "action",
        "action": "http.request",
        "with": {"method": "GET", "url": "http://169.254.169.254/latest/meta-data/"},
        "on_error": {"value": "{% $error.name %}"},
    }
    assert outcome(one, "Action refused", [step], output="{% $inside %}") == "EgressRefused"


def test_an_execution_is_cancelled_with_those_it_began(one: Client) -> None:
    child = make_workflow(one, "Waiting child", [{"id": "rest", "kind": "wait", "for": "1h"}])
    step = {"id": "run_child", "kind": "workflow", "workflow": {"id": child}}
    execution = start(one, make_workflow(one, "Cancelled parent", [step]))

    def begun() -> str | None:
        logs = one.get(f"/executions/{execution}/logs")["items"]
        return logs[0]["child"] if logs else None

    inner = until(begun, bool, seconds=WAIT_SECONDS)
    one.post(f"/executions/{execution}/cancel", {})
    assert ended(one, execution, WAIT_SECONDS)["status"] == "cancelled"
    assert ended(one, inner, WAIT_SECONDS)["status"] == "cancelled"
