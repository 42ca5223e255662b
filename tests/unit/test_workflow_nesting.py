"""What is told when something is wrong in and around steps that hold others."""

from typing import Any

import pytest

from tests.unit.test_compiler_blocks import branch, each, loop, parallel
from tests.unit.workflow_samples import (
    Step,
    compiled,
    fail,
    places,
    problems,
    prompt_step,
    transform,
    workflow,
)


def uses(id: str, name: str) -> Step:
    return transform(id, f"{{% ${name} %}}")


BAD = {"id": "bad", "kind": "transform", "vlaue": 1}


@pytest.mark.parametrize(
    ("holder", "at"),
    [
        (branch("h", "{% true %}", BAD), "/steps/0/cases/0/steps/0"),
        (branch("h", "{% true %}", otherwise=(BAD,)), "/steps/0/otherwise/0"),
        (parallel("h", left=[BAD]), "/steps/0/branches/left/0"),
        (each("h", [1], BAD), "/steps/0/steps/0"),
        (loop("h", BAD, until="{% true %}"), "/steps/0/steps/0"),
        (prompt_step("h", on_error={"steps": [BAD]}), "/steps/0/on_error/steps/0"),
    ],
)
def test_a_step_within_another_is_told_about_at_its_own_place(holder: Step, at: str) -> None:
    assert places(workflow(holder)) == [
        (f"{at}/value", "missing"),
        (f"{at}/vlaue", "unknown_field"),
    ]


def test_a_broken_step_does_not_hide_what_is_wrong_with_those_in_it() -> None:
    found = places(workflow({**loop("h", BAD), "max_iterations": 0}))
    assert found == [
        ("/steps/0/max_iterations", "invalid_value"),
        ("/steps/0/steps/0/value", "missing"),
        ("/steps/0/steps/0/vlaue", "unknown_field"),
    ]


def test_ids_are_unique_in_the_whole_document() -> None:
    document = workflow(transform("a", 1), parallel("p", left=[transform("a", 1)]))
    assert places(document) == [("/steps/1/branches/left/0/id", "id_repeated")]


@pytest.mark.parametrize(
    "holder",
    [
        branch("h", "{% true %}", transform("a", 1)),
        parallel("h", left=[transform("a", 1)]),
        each("h", [1], transform("a", 1)),
    ],
)
def test_what_ran_within_a_step_is_not_seen_after_it(holder: Step) -> None:
    [problem] = problems(workflow(holder, uses("z", "a")))
    assert (problem.at, problem.code) == ("/steps/1/value", "step_not_run")
    assert "within `h`" in problem.message


def test_branches_do_not_see_each_other() -> None:
    document = workflow(parallel("p", left=[transform("a", 1)], right=[uses("b", "a")]))
    assert places(document) == [("/steps/0/branches/right/0/value", "step_not_run")]


def test_paths_see_what_ran_before_the_branch_and_on_the_path() -> None:
    route = branch("r", "{% $a = 1 %}", transform("b", 1), uses("c", "b"))
    assert compiled(workflow(transform("a", 1), route))


def test_a_step_that_ran_on_every_path_that_goes_on_is_seen_after_it() -> None:
    route = branch("r", "{% true %}", transform("a", 1), otherwise=(fail("stop"),))
    assert compiled(workflow(route, uses("z", "a")))


def test_nothing_runs_after_a_branch_that_always_fails() -> None:
    route = branch("r", "{% true %}", fail("a"), otherwise=(fail("b"),))
    assert places(workflow(route, transform("z", 1))) == [("/steps/1", "unreachable")]


def test_nothing_runs_after_a_parallel_with_a_branch_that_always_fails() -> None:
    holder = parallel("h", left=[fail("a")])
    assert places(workflow(holder, transform("z", 1))) == [("/steps/1", "unreachable")]


def test_a_failure_that_is_caught_lets_what_follows_run() -> None:
    holder = {**parallel("h", left=[fail("a")]), "on_error": {"value": 1}}
    assert compiled(workflow(holder, uses("z", "h")))


def test_the_error_is_seen_where_it_is_caught_and_nowhere_else() -> None:
    caught = prompt_step("a", on_error={"steps": [uses("b", "error.name")]})
    assert compiled(workflow(caught))
    assert places(workflow(caught, uses("z", "error.name"))) == [
        ("/steps/1/value", "variable_unknown")
    ]


def test_a_map_s_item_is_seen_within_it_only() -> None:
    document = workflow(each("m", [1], uses("a", "doc_index"), **{"as": "doc"}), uses("z", "doc"))
    assert places(document) == [("/steps/1/value", "variable_unknown")]


@pytest.mark.parametrize("name", ["a", "input", "count"])
def test_an_item_may_not_hide_a_step_or_what_has_a_meaning(name: str) -> None:
    document = workflow(transform("a", 1), each("m", [1], transform("b", 1), **{"as": name}))
    assert [at for at, _ in places(document)] == ["/steps/1/as"]


def test_maps_within_each_other_need_names_of_their_own() -> None:
    inner = each("inner", [1], transform("a", 1))
    assert places(workflow(each("outer", [1], inner))) == [("/steps/0/steps/0/as", "id_repeated")]
    assert compiled(workflow(each("outer", [1], {**inner, "as": "part"})))


def test_maps_beside_each_other_may_use_one_name() -> None:
    both = (each("one", [1], transform("a", 1)), each("two", [1], transform("b", 1)))
    assert compiled(workflow(*both))


def test_a_loop_needs_a_bound() -> None:
    unbounded = {"id": "l", "kind": "loop", "until": "{% true %}", "steps": [transform("a", 1)]}
    assert places(workflow(unbounded)) == [("/steps/0/max_iterations", "missing")]


@pytest.mark.parametrize("fields", [{}, {"while": "{% true %}", "until": "{% true %}"}])
def test_a_loop_has_one_condition(fields: dict[str, str]) -> None:
    assert places(workflow(loop("l", transform("a", 1), **fields))) == [
        ("/steps/0", "not_just_one")
    ]


@pytest.mark.parametrize("fields", [{}, {"for": "1s", "until": "{% $now() %}"}])
def test_a_wait_has_one_time(fields: dict[str, str]) -> None:
    assert places(workflow({"id": "w", "kind": "wait", **fields})) == [("/steps/0", "not_just_one")]


@pytest.mark.parametrize("until", ["tomorrow", "2027-01-31", "2027-01-31T09:00:00"])
def test_a_time_that_is_none_is_refused(until: str) -> None:
    assert places(workflow({"id": "w", "kind": "wait", "until": until})) == [
        ("/steps/0/until", "time_invalid")
    ]


def test_until_sees_the_rounds_steps_and_while_does_not() -> None:
    assert compiled(workflow(loop("l", transform("a", 1), until="{% $a = $l.index %}")))
    assert places(workflow(loop("l", transform("a", 1), **{"while": "{% $a = 1 %}"}))) == [
        ("/steps/0/while", "step_not_run")
    ]


@pytest.mark.parametrize(
    ("items", "code"),
    [({"a": 1}, "wrong_type"), ("abc", "wrong_type"), ([1] * 3, "too_many_items")],
)
def test_items_are_a_list_that_is_not_too_long(items: Any, code: str) -> None:
    document = workflow(each("m", items, transform("a", 1), max_items=2))
    assert places(document) == [("/steps/0/items", code)]


@pytest.mark.parametrize(
    ("holder", "at"),
    [
        (each("h", [1]), "/steps/0/steps"),
        (parallel("h", left=[]), "/steps/0/branches/left"),
        (parallel("h"), "/steps/0/branches"),
        (prompt_step("h", on_error={"steps": []}), "/steps/0/on_error/steps"),
    ],
)
def test_what_runs_within_a_step_is_something(holder: Step, at: str) -> None:
    assert [place for place, _ in places(workflow(holder))] == [at]


def test_steps_within_others_count_towards_the_most_there_may_be() -> None:
    many = [transform(f"s{number}", 1) for number in range(150)]
    more = [transform(f"t{number}", 1) for number in range(60)]
    assert places(workflow(*many, each("m", [1], *more))) == [("/steps", "steps_out_of_range")]


def test_what_repeats_too_much_is_told_at_the_innermost_step_that_does() -> None:
    inner = each("inner", "{% $input.a %}", prompt_step("p"), max_items=10_000)
    [problem] = problems(workflow(transform("a", 1), parallel("fan", left=[inner])))
    assert (problem.at, problem.code) == ("/steps/1/branches/left/0", "too_many_events")
    assert "max_items" in problem.message


def test_a_form_is_the_schema_of_an_object() -> None:
    ask = {"id": "ask", "kind": "approval", "form": {"type": "array"}}
    assert places(workflow(ask)) == [("/steps/0/form/type", "schema_invalid")]
