"""What is wrong with a workflow document: all of it at once, each with its place."""

from typing import Any

import pytest

from promptpilot.errors import TooLarge
from tests.unit.workflow_samples import (
    compiled,
    fail,
    places,
    problems,
    prompt_step,
    prompt_with,
    transform,
    workflow,
)


def only_message(document: Any, **options: Any) -> str:
    [problem] = problems(document, **options)
    return problem.message


def test_every_problem_of_every_step_is_told_at_once_in_reading_order() -> None:
    document = workflow(
        prompt_step("a", timeout="5 minutes", with_={"x": "{% $later.output %}"}, colour="red"),
        {"id": "b", "kind": "teleport"},
        transform("Later", 1),
        transform("later", "{% ( %}"),
        name="",
        output="{% $nowhere %}",
        timeout="31d",
    )
    assert places(document) == [
        ("/name", "invalid_value"),
        ("/output", "variable_unknown"),
        ("/steps/0/colour", "unknown_field"),
        ("/steps/0/timeout", "duration_invalid"),
        ("/steps/0/with/x", "step_not_run"),
        ("/steps/1/kind", "kind_unknown"),
        ("/steps/2/id", "id_invalid"),
        ("/steps/3/value", "expression_invalid"),
        ("/timeout", "duration_out_of_range"),
    ]


def test_problems_are_ordered_by_the_number_of_the_step_not_by_its_digits() -> None:
    steps = [transform(f"t{number}", "{% ( %}") for number in range(12)]
    assert [at for at, _ in places(workflow(*steps))] == [f"/steps/{n}/value" for n in range(12)]


@pytest.mark.parametrize("document", [None, 5, "x", [], True])
def test_what_is_no_object_is_no_document(document: Any) -> None:
    assert places(document) == [("", "wrong_type")]


def test_an_empty_document_lacks_a_name_and_steps() -> None:
    assert places({}) == [("/name", "missing"), ("/steps", "missing")]


@pytest.mark.parametrize(
    ("steps", "at", "code"),
    [
        ({}, "/steps", "wrong_type"),
        ([], "/steps", "steps_out_of_range"),
        ([transform(f"t{n}", n) for n in range(201)], "/steps", "steps_out_of_range"),
        (["x"], "/steps/0", "wrong_type"),
        ([{"kind": "transform", "value": 1}], "/steps/0/id", "missing"),
        ([{"id": "a"}], "/steps/0/kind", "missing"),
        ([{"id": "a", "kind": ["prompt"]}], "/steps/0/kind", "kind_unknown"),
        ([{"id": "a", "kind": "transform"}], "/steps/0/value", "missing"),
        ([{"id": "a", "kind": "prompt"}], "/steps/0/prompt", "missing"),
    ],
)
def test_steps_of_a_wrong_form_are_refused(steps: Any, at: str, code: str) -> None:
    assert places({"name": "x", "steps": steps}) == [(at, code)]


def test_a_kind_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    message = only_message(workflow({"id": "a", "kind": "paralel", "branches": {}}))
    assert "`paralel`" in message
    assert "prompt, transform, branch" in message
    assert "Did you mean `parallel`?" in message


def test_an_unknown_field_is_named_with_the_one_that_was_meant() -> None:
    assert "`timeuot`" in only_message(workflow(prompt_step("a", timeuot="1m")))
    assert "Did you mean `timeout`?" in only_message(workflow(prompt_step("a", timeuot="1m")))


@pytest.mark.parametrize(
    ("fields", "at", "code"),
    [
        ({"timeout": 60}, "/steps/0/timeout", "duration_invalid"),
        ({"timeout": "0s"}, "/steps/0/timeout", "duration_invalid"),
        ({"timeout": "1.5m"}, "/steps/0/timeout", "duration_invalid"),
        ({"timeout": "500ms"}, "/steps/0/timeout", "duration_invalid"),
        ({"timeout": "16m"}, "/steps/0/timeout", "duration_out_of_range"),
        ({"retry": {"attempts": 0}}, "/steps/0/retry/attempts", "invalid_value"),
        ({"retry": {"attempts": 100_000_001}}, "/steps/0/retry/attempts", "invalid_value"),
        ({"retry": {"attempts": 2.5}}, "/steps/0/retry/attempts", "wrong_type"),
        ({"retry": {"backoff": 0.5}}, "/steps/0/retry/backoff", "invalid_value"),
        ({"retry": {"interval": "366d"}}, "/steps/0/retry/interval", "duration_out_of_range"),
        ({"retry": {"jitter": "some"}}, "/steps/0/retry/jitter", "invalid_value"),
        ({"retry": {"on": []}}, "/steps/0/retry/on", "invalid_value"),
        ({"retry": {"on": ["ModelTimeot"]}}, "/steps/0/retry/on/0", "error_unknown"),
        ({"retry": {"on": ["NotFound"]}}, "/steps/0/retry/on/0", "error_unknown"),
        (
            {"retry": {"interval": "20s", "max_interval": "10s"}},
            "/steps/0/retry",
            "max_interval_too_short",
        ),
        ({"on_error": "ignore"}, "/steps/0/on_error", "invalid_value"),
        ({"on_error": {"valeu": 1}}, "/steps/0/on_error/value", "missing"),
        ({"settings": {"temperature": 9}}, "/steps/0/settings/temperature", "invalid_value"),
        ({"settings": {"heat": 1}}, "/steps/0/settings/heat", "unknown_field"),
        ({"prompt": {"idd": "x"}}, "/steps/0/prompt/idd", "unknown_field"),
        ({"prompt": "Say"}, "/steps/0/prompt", "wrong_type"),
        ({"with_": ["x"]}, "/steps/0/with", "wrong_type"),
        ({"model": "gpt"}, "/steps/0/model", "model_invalid"),
        ({"select": "$output.title"}, "/steps/0/select", "not_an_expression"),
    ],
)
def test_a_wrong_field_of_a_prompt_step_is_told_where_it_is(
    fields: dict[str, Any], at: str, code: str
) -> None:
    assert (at, code) in places(workflow(prompt_step("a", **fields)))


@pytest.mark.parametrize(
    ("fields", "at", "code"),
    [
        ({"timeout": "31d"}, "/timeout", "duration_out_of_range"),
        ({"version": "1.0"}, "/version", "invalid_value"),
        ({"triggers": [{"kind": "cron"}]}, "/triggers/0/kind", "invalid_value"),
        ({"steps_": 1}, "/steps_", "unknown_field"),
        ({"name": "a\nb"}, "/name", "invalid_value"),
        ({"description": 5}, "/description", "wrong_type"),
        ({"input": []}, "/input", "wrong_type"),
    ],
)
def test_a_wrong_field_of_the_document_is_told_where_it_is(
    fields: dict[str, Any], at: str, code: str
) -> None:
    assert places(workflow(transform("a", 1), **fields)) == [(at, code)]


def test_a_bad_field_does_not_bring_problems_that_only_follow_from_it() -> None:
    prompt = prompt_with("notes")
    document = workflow(prompt_step("a", with_=["notes"]))
    assert places(document, {"a": prompt}) == [("/steps/0/with", "wrong_type")]


def test_a_broken_step_is_still_known_to_the_others() -> None:
    document = workflow({"id": "a", "kind": "transform"}, transform("b", "{% $a %}"))
    assert places(document) == [("/steps/0/value", "missing")]


def test_ids_are_unique() -> None:
    document = workflow(transform("a", 1), transform("b", 1), transform("a", 1))
    [problem] = problems(document)
    assert (problem.at, problem.code) == ("/steps/2/id", "id_repeated")
    assert "/steps/0" in problem.message


RESERVED = (
    "input states error count sum map each string now eval partition range hash random uuid parse"
)


@pytest.mark.parametrize("reserved", RESERVED.split())
def test_a_name_that_expressions_know_as_something_else_is_no_id(reserved: str) -> None:
    assert places(workflow(transform(reserved, 1))) == [("/steps/0/id", "id_reserved")]


@pytest.mark.parametrize("id", ["", "A", "1a", "_a", "a-b", "a" * 65, "ä", 5, None])
def test_an_id_has_small_letters_digits_and_underscores(id: Any) -> None:
    assert places(workflow(transform(id, 1))) == [("/steps/0/id", "id_invalid")]


def test_a_step_that_has_not_run_is_named_with_the_one_that_uses_it() -> None:
    document = workflow(transform("a", "{% $b %}"), transform("b", 1))
    [problem] = problems(document)
    assert (problem.at, problem.code) == ("/steps/0/value", "step_not_run")
    assert "`b`" in problem.message


def test_a_step_does_not_see_itself() -> None:
    assert places(workflow(transform("a", "{% $a %}"))) == [("/steps/0/value", "step_not_run")]


def test_an_unknown_variable_is_named_with_the_one_that_was_meant() -> None:
    message = only_message(workflow(transform("summary", 1), transform("b", "{% $sumary %}")))
    assert "`$sumary`" in message
    assert "`$summary`" in message


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("{% ( %}", "expression_invalid"),
        ("{% %}", "expression_invalid"),
        ("{%%}", "expression_invalid"),
        ("{% $input.a ?? 1 %}", "expression_invalid"),
        ("{% $input.a ?: 1 %}", "expression_invalid"),
        ("{% 'a\nb' %}", "expression_invalid"),
        ("{% " + "1+" * 20_000 + "1 %}", "expression_invalid"),
        ("{% " + "1+" * 4_000 + "1 %}", "expression_invalid"),
        ("{% " + "1+" * 200 + "1 %}", "expression_invalid"),
        ("{% " + "(" * 5_000 + " %}", "expression_invalid"),
        ("{% $eval('1') %}", "function_unknown"),
        ("{% $states.input %}", "variable_unknown"),
        ("{% $states.result %}", "variable_unknown"),
        ("{% $error.message %}", "variable_unknown"),
        ("{% notes %}", "name_without_context"),
        ("{% $ %}", "name_without_context"),
        ("{% $$.notes %}", "name_without_context"),
        ("{% $input.a", "expression_unfinished"),
        ("$input.a %}", "expression_unfinished"),
        ("{%}", "expression_unfinished"),
        ("{% $input.a %}\n", "expression_unfinished"),
        (" {% $input.a %}", "expression_unfinished"),
    ],
)
def test_a_wrong_expression_is_refused(expression: str, code: str) -> None:
    assert places(workflow(transform("a", [expression]))) == [("/steps/0/value/0", code)]


def test_a_syntax_error_is_told_with_its_position() -> None:
    message = only_message(workflow(transform("a", "{% $input.a + ) %}")))
    assert "at character 12" in message


@pytest.mark.parametrize(
    "expression",
    [
        "$now()",
        "$millis() + $random()",
        "$uuid()",
        "$parse('1')",
        "$hash('a', 'MD5')",
        "$states.context.Execution.StartTime",
        "$error('stop')",
        "( $x := $input.a; $x )",
        "$map([1, 2], function($v) { $v + $input.a })",
        "$input.items[price > 5].name",
        "$input.items@$i.tags@$t[$t = $i.tag].{ 'a': $i }",
        "$input.items^(>price).name",
        "$input ~> | items | { 'seen': true } |",
        "(\n  $f := function($n) { $n < 2 ? 1 : $n * $f($n - 1) };\n  $f(5)\n)",
    ],
)
def test_a_right_expression_is_taken(expression: str) -> None:
    assert compiled(workflow(transform("a", f"{{% {expression} %}}")))


@pytest.mark.parametrize(
    "text", ["", "plain", "50 %", "{ %x% }", "{{notes}}", "${x}", "a {% x %} b", "line\nbreak"]
)
def test_all_other_text_is_a_literal(text: str) -> None:
    assert compiled(workflow(transform("a", text)))


def test_what_can_be_seen_in_select_and_in_a_caught_value() -> None:
    step = prompt_step(
        "a", select="{% $output.title & $input.x %}", on_error={"value": "{% $error.name %}"}
    )
    assert compiled(workflow(step))
    elsewhere = prompt_step("a", with_={"x": "{% $output %}"}, select="{% $error.name %}")
    assert places(workflow(elsewhere)) == [
        ("/steps/0/select", "variable_unknown"),
        ("/steps/0/with/x", "variable_unknown"),
    ]


def test_what_comes_after_a_fail_never_runs() -> None:
    document = workflow(fail("stop"), transform("a", 1), transform("b", 1), output="{% $a %}")
    assert places(document) == [("/output", "unreachable"), ("/steps/1", "unreachable")]


@pytest.mark.parametrize("error", ["States.Timeout", "x" * 257, ""])
def test_a_fail_has_an_error_name_of_its_own(error: str) -> None:
    assert [at for at, _ in places(workflow(fail("a", error=error)))] == ["/steps/0/error"]


def test_variables_that_do_not_fit_the_prompt_are_all_named() -> None:
    prompt = prompt_with(
        "notes",
        "tone",
        {"name": "limit", "type": "integer"},
        {"name": "style", "enum": ["plain", "rich"], "required": False},
        {"name": "tags", "type": "array", "required": False},
    )
    given = {"note": "x", "limit": "ten", "style": "odd", "tags": {"a": "{% $input.a %}"}}
    document = workflow(prompt_step("a", with_=given))
    assert places(document, {"a": prompt}) == [
        ("/steps/0/with/limit", "prompt_variable_wrong"),
        ("/steps/0/with/note", "prompt_variable_unknown"),
        ("/steps/0/with/notes", "prompt_variable_missing"),
        ("/steps/0/with/style", "prompt_variable_wrong"),
        ("/steps/0/with/tags", "prompt_variable_wrong"),
        ("/steps/0/with/tone", "prompt_variable_missing"),
    ]


def test_variables_that_fit_the_prompt_are_taken() -> None:
    prompt = prompt_with(
        "notes",
        {"name": "limit", "type": "integer", "default": 3},
        {"name": "tags", "type": "array", "required": False},
        {"name": "rest", "required": False},
    )
    given = {"notes": "{% $input.notes %}", "tags": ["{% $input.tag %}"], "rest": None}
    assert compiled(workflow(prompt_step("a", with_=given)), {"a": prompt})


def test_the_step_that_brings_too_many_history_events_is_named() -> None:
    many = {"attempts": 3_000}
    document = workflow(*(prompt_step(name, retry=many) for name in ("a", "b", "c", "d")))
    [problem] = problems(document)
    assert (problem.at, problem.code) == ("/steps/2", "too_many_events")


def test_the_step_that_hands_on_too_much_is_named() -> None:
    step = prompt_step("b", with_={"x": "y" * 262_000})
    assert places(workflow(step)) == [("/steps/0", "payload_too_large")]


def test_a_long_result_that_the_output_uses_in_the_last_step_is_refused() -> None:
    once = workflow(transform("a", ["x" * 40_000]), output="{% $a %}")
    assert places(once) == [("/steps/0", "expression_too_long")]
    often = workflow(transform("a", ["x" * 100_000]), output=["{% $a %}"] * 1_900)
    assert places(often) == [("/steps/0", "definition_too_large")]
    earlier = workflow(transform("a", ["x" * 40_000]), transform("b", 1), output=["{% $a %}"] * 500)
    assert compiled(earlier)


def test_a_document_over_the_limit_is_refused() -> None:
    with pytest.raises(TooLarge):
        compiled(workflow(transform("a", "x" * 262_144)))


def test_a_small_document_that_shares_parts_counts_as_what_it_comes_to() -> None:
    bomb: Any = ["x"]
    for _ in range(40):
        bomb = [bomb, bomb]
    with pytest.raises(TooLarge):
        compiled(workflow(transform("a", bomb)))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (float("inf"), "number_not_finite"),
        (float("nan"), "number_not_finite"),
        (2**53, "number_too_large"),
        (10**40, "number_too_large"),
        ("\ud800", "text_invalid"),
        ({5: 1}, "key_not_text"),
        (object(), "not_json"),
    ],
)
def test_what_json_cannot_say_exactly_is_refused(value: Any, code: str) -> None:
    [problem] = problems(workflow(transform("a", [value])))
    assert problem.at.startswith("/steps/0/value/0")
    assert problem.code == code


def test_a_value_too_deep_is_refused_and_so_is_one_without_end() -> None:
    deep: Any = 1
    for _ in range(70):
        deep = [deep]
    assert [code for _, code in places(workflow(transform("a", deep)))] == ["too_deep"]
    endless: list[Any] = []
    endless.append(endless)
    assert [code for _, code in places(workflow(transform("a", endless)))] == ["too_deep"]
