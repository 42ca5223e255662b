"""What steps that hold others, wait or decide become in the state machine."""

from typing import Any

import pytest
from jsonata.jsonata import Jsonata

from promptpilot.compiler.compile import compile_draft
from promptpilot.compiler.draft import read_draft
from promptpilot.domain.bounds import Bounds
from tests.unit.workflow_samples import (
    Step,
    compiled,
    fail,
    prompt_step,
    states,
    transform,
    workflow,
)

INPUT = "$input := $states.context.Execution.Input.input; "


def branch(id: str, when: str, *steps: Step, otherwise: tuple[Step, ...] = ()) -> Step:
    cases = [{"when": when, "steps": list(steps)}]
    return {"id": id, "kind": "branch", "cases": cases, "otherwise": list(otherwise)}


def each(id: str, items: Any, *steps: Step, **fields: Any) -> Step:
    return {"id": id, "kind": "map", "items": items, "steps": list(steps), **fields}


def loop(id: str, *steps: Step, **fields: Any) -> Step:
    return {"id": id, "kind": "loop", "steps": list(steps), "max_iterations": 3, **fields}


def parallel(id: str, **branches: list[Step]) -> Step:
    return {"id": id, "kind": "parallel", "branches": branches}


def test_a_branch_is_a_choice_whose_paths_leave_with_its_result() -> None:
    route = branch("route", "{% $input.x > 1 %}", transform("a", 1), otherwise=(transform("b", 2),))
    found = states(workflow(route, transform("last", "{% $route %}")))
    assert found["route"] == {
        "Type": "Choice",
        "Choices": [
            {"Condition": f"{{% ( ( {INPUT}$input.x > 1 ) ) ? true : false %}}", "Next": "a"}
        ],
        "Default": "b",
    }
    assert found["a"]["Assign"] == {"a": 1, "route": 1}
    assert found["b"]["Assign"] == {"b": 2, "route": 2}
    assert found["a"]["Next"] == found["b"]["Next"] == "last"


def test_an_empty_path_gives_null_by_its_rule() -> None:
    found = states(workflow(branch("route", "{% true %}"), transform("last", 1)))
    [rule] = found["route"]["Choices"]
    assert (rule["Assign"], rule["Next"]) == ({"route": None}, "last")
    assert (found["route"]["Assign"], found["route"]["Default"]) == ({"route": None}, "last")


def test_a_branch_at_the_end_answers_by_each_of_its_paths() -> None:
    route = branch("route", "{% true %}", transform("a", "{% $input.x %}"))
    found = states(workflow(route, output={"is": "{% $route %}"}))
    assert found["a"]["End"] is True
    assert found["a"]["Output"]["is"].startswith("{% ( $route := ")
    assert found["route"]["Default"] == "route.end"
    assert found["route.end"] == {"Type": "Pass", "Output": {"is": "{% $route %}"}, "End": True}


def test_branches_within_branches_all_get_the_result_of_the_last_step() -> None:
    inner = branch("inner", "{% true %}", transform("a", 1))
    found = states(workflow(branch("outer", "{% true %}", inner), transform("last", 1)))
    assert found["a"]["Assign"] == {"a": 1, "inner": 1, "outer": 1}
    assert found["inner"]["Assign"] == {"inner": None, "outer": None}


def test_a_parallel_merges_what_its_branches_give_by_their_names() -> None:
    fan = parallel("fan", left=[transform("a", 1)], right=[prompt_step("b")])
    found = states(workflow(fan, transform("last", 1)))
    assert found["fan"]["Assign"] == {"fan": "{% $merge($states.result) %}"}
    left, right = found["fan"]["Branches"]
    assert left["States"]["a"]["Output"] == {"left": "{% ( $a := 1; $a ) %}"}
    assert right["States"]["b"]["Output"] == {"right": "{% ( $b := $states.result; $b ) %}"}
    message = right["States"]["b"]["Arguments"]["MessageBody"]
    assert (message["path"], message["ordinal"]) == ("fan/right/b", 3)


def test_a_map_of_one_step_takes_the_item_from_its_state_s_input() -> None:
    found = states(
        workflow(
            each(
                "all",
                "{% $input.docs %}",
                prompt_step("one", with_={"x": "{% $doc.text & $doc_index %}"}),
                **{"as": "doc"},
            )
        )
    )
    processor = found["all"]["ItemProcessor"]
    assert processor["StartAt"] == "one"
    message = processor["States"]["one"]["Arguments"]["MessageBody"]
    bound = "$doc := $states.input.item; $doc_index := $states.input.index; "
    assert message["variables"] == {"x": f"{{% ( {bound}$doc.text & $doc_index ) %}}"}
    assert message["iteration"] == "{% $string($states.input.index) %}"
    assert found["all"]["MaxConcurrency"] == 10
    assert "$count([(" in found["all"]["Items"]
    assert "> 1000 ?" in found["all"]["Items"]


@pytest.mark.parametrize(
    ("items", "listed"),
    [
        ("[1, 2, 3]", [1, 2, 3]),
        ("[1..3]", [1, 2, 3]),
        ("[$input.a, $input.b]", ["x", "y"]),
        ("[[1, 2]]", [[1, 2]]),
        ("$input.many[on].name", ["one"]),
        ("$input.none", []),
        ("[]", []),
    ],
)
def test_the_items_of_a_map_are_those_of_the_list_however_it_is_written(
    items: str, listed: list[Any]
) -> None:
    found = states(workflow(each("all", f"{{% {items} %}}", transform("a", 1))))
    expression = found["all"]["Items"].removeprefix("{%").removesuffix("%}")
    given = {"a": "x", "b": "y", "many": [{"name": "one", "on": True}, {"name": "two"}]}
    evaluated = Jsonata(expression)
    evaluated.assign("states", {"context": {"Execution": {"Input": {"input": given}}}})
    assert evaluated.evaluate(None) == listed


def test_a_map_of_more_steps_assigns_the_item_first() -> None:
    found = states(workflow(each("all", [1, 2], transform("a", "{% $item %}"), prompt_step("b"))))
    processor = found["all"]["ItemProcessor"]
    assert processor["StartAt"] == "all.item"
    assert processor["States"]["all.item"] == {
        "Type": "Pass",
        "Assign": {"item": "{% $states.input.item %}", "item_index": "{% $states.input.index %}"},
        "Next": "a",
    }
    assert found["all"]["Items"] == [1, 2]


def test_maps_and_loops_within_each_other_number_their_rounds_from_the_outermost() -> None:
    inner = loop("again", prompt_step("b"), **{"while": "{% true %}"})
    found = states(workflow(each("all", [1], transform("a", 1), inner)))
    message = found["all"]["ItemProcessor"]["States"]["b"]["Arguments"]["MessageBody"]
    assert message["iteration"] == "{% $string($item_index) & '.' & $string($again.index) %}"


def test_a_loop_until_runs_once_before_it_is_tested() -> None:
    found = states(
        workflow(loop("again", transform("a", 1), until="{% $a = 1 %}"), transform("z", 1))
    )
    assert found["again"] == {
        "Type": "Pass",
        "Assign": {"again": {"index": 0, "last": None}},
        "Next": "a",
    }
    [rule] = found["again.next"]["Choices"]
    assert rule["Condition"] == (
        "{% $again.index + 1 < 3 ? ($not(( $a = 1 ) ? true : false)) : false %}"
    )
    assert (rule["Next"], found["again.next"]["Default"]) == ("a", "z")
    done = {"iterations": "{% $again.index + 1 %}", "last": "{% $a %}"}
    assert found["again.next"]["Assign"] == {"again": done}


def test_a_loop_while_is_tested_before_the_first_round() -> None:
    found = states(
        workflow(loop("again", transform("a", 1), **{"while": "{% $again.index < 2 %}"}))
    )
    assert found["again"]["Type"] == "Choice"
    assert found["again"]["Default"] == "again.end"
    assert found["again"]["Assign"] == {"again": {"iterations": 0, "last": None}}
    assert found["again.end"]["Output"] == "{% $again %}"


def test_a_wait_takes_seconds_or_a_time_and_gives_null() -> None:
    found = states(
        workflow(
            {"id": "a", "kind": "wait", "for": "2m"},
            {"id": "b", "kind": "wait", "until": "{% $input.at %}"},
        )
    )
    assert found["a"] == {"Type": "Wait", "Seconds": 120, "Assign": {"a": None}, "Next": "b"}
    assert found["b"]["Timestamp"] == f"{{% ( {INPUT}$input.at ) %}}"


APPROVAL = {"id": "ask", "kind": "approval", "message": "{% $input.x %}", "timeout": "3d"}


def test_an_approval_waits_without_heartbeats_for_as_long_as_it_says() -> None:
    task = states(workflow(APPROVAL))["ask"]
    assert task["TimeoutSeconds"] == 3 * 24 * 3600
    assert "HeartbeatSeconds" not in task
    assert "Retry" not in task
    assert task["Arguments"]["MessageBody"]["message"] == f"{{% ( {INPUT}$input.x ) %}}"


@pytest.mark.parametrize(
    ("on_timeout", "decision"), [("approve", "approved"), ("reject", "rejected")]
)
def test_an_approval_that_nobody_decides_may_decide_itself(on_timeout: str, decision: str) -> None:
    found = states(workflow({**APPROVAL, "on_timeout": on_timeout}, transform("z", 1)))
    assert found["ask"]["Catch"] == [{"ErrorEquals": ["States.Timeout"], "Next": "ask.timeout"}]
    result = found["ask.timeout"]["Assign"]["ask"]
    assert (result["decision"], result["by"]) == (decision, None)


def test_an_approval_that_nobody_decides_fails_by_default() -> None:
    found = states(workflow(APPROVAL))
    assert found["ask.timeout"]["Type"] == "Fail"
    assert found["ask.timeout"]["Error"] == "ApprovalTimedOut"


def test_an_approval_that_nobody_decides_is_caught_like_any_other_failure() -> None:
    found = states(workflow({**APPROVAL, "on_error": {"value": "{% $error.name %}"}}))
    late, other = found["ask"]["Catch"]
    assert late["Assign"]["Error_ask"]["name"] == "ApprovalTimedOut"
    assert late["Next"] == other["Next"] == "ask.on_error"
    assert other["ErrorEquals"] == ["States.ALL"]


def test_steps_that_catch_a_failure_give_its_step_their_result() -> None:
    step = prompt_step("a", on_error={"steps": [transform("b", "{% $error.name %}")]})
    found = states(workflow(step, transform("z", "{% $a %}")))
    assert found["a"]["Catch"][0]["Next"] == "b"
    value = "{% ( $error := $Error_a; $error.name ) %}"
    assert found["b"]["Assign"] == {"b": value, "a": value}
    assert found["b"]["Next"] == "z"


def test_a_step_that_runs_another_workflow_hands_its_input_over() -> None:
    step = {
        "id": "child",
        "kind": "workflow",
        "workflow": {"id": "workflow_01ARZ3NDEKTSV4RRFFQ69G5FAV"},
        "with": {"x": "{% $input.x %}"},
        "timeout": "2h",
    }
    task = states(workflow(step))["child"]
    assert task["TimeoutSeconds"] == 7200
    assert "Retry" not in task
    assert task["Arguments"]["MessageBody"]["kind"] == "workflow"


def test_bounds_multiply_what_is_repeated_and_take_the_largest_of_paths() -> None:
    once = {"attempts": 1}
    body = prompt_step("p", retry=once, fallbacks=["local/m"])
    many = compiled(workflow(each("all", "{% $input %}", body, max_items=7))).bounds
    assert many.model_calls == 2 * 7
    assert many.transitions == 1 + 7
    assert many.history_events == 2 + 4 + 7 * (2 + 2 + 4)
    route = branch("r", "{% true %}", prompt_step("q", retry={"attempts": 2}), prompt_step("s"))
    assert compiled(workflow(route)).bounds.model_calls == 2 + 3
    rounds = loop("again", prompt_step("t", retry=once), until="{% true %}")
    assert compiled(workflow(rounds)).bounds.model_calls == 3


def test_bounds_include_what_the_other_workflow_can_do() -> None:
    step = {
        "id": "child",
        "kind": "workflow",
        "workflow": {"id": "workflow_01ARZ3NDEKTSV4RRFFQ69G5FAV"},
        "retry": {"attempts": 3, "on": ["ChildFailed"]},
    }
    child = Bounds(model_calls=5, transitions=6, history_events=70, definition_bytes=800)
    found = compile_draft(read_draft(workflow(step)), {}, (), {"child": child}).bounds
    assert (found.model_calls, found.transitions) == (15, 3 + 18)
    assert found.history_events == 2 + 2 + 3 * 4


def test_a_step_after_a_branch_that_fails_otherwise_sees_what_ran_on_the_other_path() -> None:
    route = branch("r", "{% true %}", transform("a", 1), otherwise=(fail("stop"),))
    assert states(workflow(route, transform("z", "{% $a %}")))
