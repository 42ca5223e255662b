"""The input of executions: what may be its schema, and what fits it."""

from collections.abc import Mapping
from typing import Any

import pytest

from promptpilot.compiler.inputs import check_input
from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.errors import DocumentInvalid
from tests.unit.workflow_samples import compiled, places, transform, workflow

NOTES = {
    "type": "object",
    "properties": {"notes": {"type": "string", "minLength": 1}, "n": {"type": "integer"}},
    "required": ["notes", "n"],
    "additionalProperties": False,
}


def document(schema: Mapping[str, Any]) -> WorkflowDocument:
    return WorkflowDocument.model_validate(workflow(transform("a", 1), input=schema))


def misfits(schema: Mapping[str, Any], input: Mapping[str, Any]) -> list[tuple[str, str]]:
    compiled(workflow(transform("a", 1), input=schema))
    with pytest.raises(DocumentInvalid) as refused:
        check_input(document(schema), input)
    return [(problem.at, problem.code) for problem in refused.value.problems]


def test_an_input_that_fits_is_taken() -> None:
    check_input(document(NOTES), {"notes": "x", "n": 1})


def test_without_a_schema_any_object_is_taken() -> None:
    plain = WorkflowDocument.model_validate(workflow(transform("a", 1)))
    check_input(plain, {"anything": [1, {"at": None}]})


def test_everything_that_does_not_fit_is_told_with_its_place() -> None:
    given = {"notes": 5, "note": "x", "extra": 1}
    assert misfits(NOTES, given) == [
        ("/extra", "unknown_field"),
        ("/n", "missing"),
        ("/note", "unknown_field"),
        ("/notes", "wrong_type"),
    ]


@pytest.mark.parametrize(
    ("schema", "value", "at", "code"),
    [
        ({"type": ["string", "null"]}, 5, "/x", "wrong_type"),
        ({"type": "integer"}, 1.5, "/x", "wrong_type"),
        ({"enum": ["a", "b"]}, "c", "/x", "input_invalid"),
        ({"pattern": "^[a-z]+$"}, "A", "/x", "input_invalid"),
        ({"items": {"type": "string"}}, ["a", 1], "/x/1", "wrong_type"),
        ({"uniqueItems": True}, [1, 1.0], "/x", "input_invalid"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 5, "/x", "input_invalid"),
        ({"properties": {"a/b": {"type": "string"}}}, {"a/b": 1}, "/x/a~1b", "wrong_type"),
        ({"$ref": "#/$defs/name"}, 5, "/x", "wrong_type"),
    ],
)
def test_a_part_that_does_not_fit_is_told_where_it_is(
    schema: Any, value: Any, at: str, code: str
) -> None:
    whole = {"properties": {"x": schema}, "$defs": {"name": {"type": "string"}}}
    assert misfits(whole, {"x": value}) == [(at, code)]


def test_equal_looking_items_of_different_types_are_not_the_same() -> None:
    check_input(document({"properties": {"x": {"uniqueItems": True}}}), {"x": [1, "1", True, [1]]})


def test_a_schema_that_refers_to_itself_can_describe_a_tree() -> None:
    tree = {"properties": {"children": {"items": {"$ref": "#"}}, "name": {"type": "string"}}}
    check_input(document(tree), {"children": [{"children": [{"name": "x"}]}]})
    misfit = {"children": [{"children": [{"name": 5}]}]}
    assert misfits(tree, misfit) == [("/children/0/children/0/name", "wrong_type")]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"$ref": "#"}, 1),
        (
            {
                "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
                "$ref": "#/$defs/a",
            },
            1,
        ),
        (
            {
                "$defs": {"set": {"properties": {"x": {"uniqueItems": True}}}},
                "allOf": [{"$ref": "#/$defs/set"}] * 2_000,
            },
            [{"n": n} for n in range(5_000)],
        ),
        (
            {"properties": {"x": {"items": {"anyOf": [{"const": n} for n in range(2_000)]}}}},
            [-1] * 9_000,
        ),
        (
            {
                "$defs": {
                    **{f"l{n}": {"anyOf": [{"$ref": f"#/$defs/l{n + 1}"}] * 2} for n in range(30)},
                    "l30": False,
                },
                "$ref": "#/$defs/l0",
            },
            1,
        ),
    ],
)
def test_a_schema_that_would_take_for_ever_is_given_up(schema: Any, value: Any) -> None:
    assert misfits(schema, {"x": value}) == [("", "check_too_long")]


def test_a_pattern_that_backtracks_elsewhere_answers_at_once() -> None:
    schema = {"properties": {"x": {"pattern": "^(a+)+$"}}}
    assert misfits(schema, {"x": "a" * 100_000 + "!"}) == [("/x", "input_invalid")]


@pytest.mark.parametrize("value", [float("nan"), 10**400, "\ud800"])
def test_an_input_that_no_state_could_hold_is_refused(value: Any) -> None:
    assert misfits({}, {"x": value}) == [("", "not_json")]


@pytest.mark.parametrize(
    ("schema", "at"),
    [
        ({"type": "text"}, "/type"),
        ({"type": "string"}, "/type"),
        ({"type": []}, "/type"),
        ({"properties": []}, "/properties"),
        ({"properties": {"x": "string"}}, "/properties/x"),
        ({"properties": {"x": {"type": "text"}}}, "/properties/x/type"),
        ({"required": "x"}, "/required"),
        ({"properties": {"x": {"minLength": -1}}}, "/properties/x/minLength"),
        ({"properties": {"x": {"maximum": "5"}}}, "/properties/x/maximum"),
        ({"properties": {"x": {"multipleOf": 0}}}, "/properties/x/multipleOf"),
        ({"properties": {"x": {"enum": 5}}}, "/properties/x/enum"),
        ({"properties": {"x": {"pattern": "("}}}, "/properties/x/pattern"),
        ({"properties": {"x": {"pattern": "(?=a)"}}}, "/properties/x/pattern"),
        ({"anyOf": []}, "/anyOf"),
        ({"anyOf": {}}, "/anyOf"),
        ({"items": [{}]}, "/items"),
        ({"dependentRequired": {"x": "y"}}, "/dependentRequired"),
        ({"patternProperties": {}}, "/patternProperties"),
        ({"$id": "http://example.com"}, "/$id"),
        ({"$ref": "http://example.com/schema"}, "/$ref"),
        ({"$ref": "#/$defs/none"}, "/$ref"),
        ({"$ref": "#/enum/0", "enum": [{"patternProperties": {}}]}, "/$ref"),
        ({"$ref": 5}, "/$ref"),
    ],
)
def test_a_schema_that_is_none_or_reaches_outside_is_refused(schema: Any, at: str) -> None:
    document = workflow(transform("a", 1), input=schema)
    assert places(document) == [(f"/input{at}", "schema_invalid")]


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": ["object", "null"]},
        {"properties": {"patternProperties": {"type": "string"}, "type": {"type": "string"}}},
        {"properties": {"x": True, "y": False}},
        {"$ref": "#/properties/x", "properties": {"x": {}}},
        {"allOf": [{"$ref": "#/allOf/1"}, {}]},
        {"title": "x", "x-order": ["a"], "examples": [{"$ref": "http://example.com"}]},
        {"if": {"required": ["x"]}, "then": {"required": ["y"]}, "else": {"not": {}}},
    ],
)
def test_a_right_schema_is_taken(schema: Any) -> None:
    assert compiled(workflow(transform("a", 1), input=schema))
