import contextlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from promptpilot.domain.variables import DeclaredVariable, Variable, VariableType, checked_values
from promptpilot.errors import VariablesInvalid

adapter: TypeAdapter[Variable] = TypeAdapter(DeclaredVariable)
declare = adapter.validate_python


def test_a_bare_name_is_a_required_string() -> None:
    assert declare("notes") == Variable(name="notes", type=VariableType.STRING, required=True)


@pytest.mark.parametrize(
    "document",
    [
        "notes",
        {"name": "notes", "type": "integer", "required": True},
        {"name": "tone", "type": "string", "required": False},
        {"name": "tone", "type": "string", "required": False, "default": "warm"},
        {"name": "tone", "type": "string", "required": True, "enum": ["warm", "cold"]},
        {"name": "n", "type": "number", "required": True, "description": "How many."},
    ],
)
def test_a_declaration_is_written_as_it_was_read(document: Any) -> None:
    assert adapter.dump_python(declare(document)) == document


def test_an_object_that_says_no_more_than_a_name_is_written_as_the_name() -> None:
    assert adapter.dump_python(declare({"name": "notes", "type": "string"})) == "notes"


def test_a_default_makes_a_variable_optional() -> None:
    assert declare({"name": "tone", "default": "warm"}).required is False


@pytest.mark.parametrize(
    ("declaration", "part"),
    [
        ({"name": "x", "required": True, "default": "a"}, "required"),
        ({"name": "x", "type": "integer", "default": "a"}, "type integer"),
        ({"name": "x", "enum": ["a"], "default": "b"}, "one of"),
        ({"name": "x", "type": "integer", "enum": [1, "b"]}, "enum"),
        ({"name": "x", "type": "integer", "default": True}, "type integer"),
        ({"name": "x", "type": "boolean", "default": 1}, "type boolean"),
        ({"name": "for"}, "template language"),
        ({"name": "items", "required": False}, "required or have a default"),
        ({"name": "x", "default": math.nan, "type": "number"}, "finite"),
        ({"name": "x", "default": "\ud800"}, "Unicode"),
        ({"name": "1x"}, "pattern"),
        ({"name": "ü"}, "pattern"),
        ({"name": "x", "kind": "string"}, "kind"),
        ({"name": "x", "enum": []}, "at least 1"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(declaration: Any, part: str) -> None:
    with pytest.raises(ValidationError, match=part):
        declare(declaration)


FITTING: dict[str, list[Any]] = {
    "string": ["", "x"],
    "number": [1, 1.5, -2],
    "integer": [1, 0, -(2**63) + 1],
    "boolean": [True, False],
    "array": [[], [1, "x"]],
    "object": [{}, {"x": [1]}],
}


@pytest.mark.parametrize("type", list(FITTING))
def test_each_type_takes_its_values(type: str) -> None:
    for value in FITTING[type]:
        assert checked_values([declare({"name": "x", "type": type})], {"x": value}) == {"x": value}


@pytest.mark.parametrize("type", list(FITTING))
@pytest.mark.parametrize("other", [*FITTING, "null"])
def test_no_type_takes_the_values_of_another(type: str, other: str) -> None:
    if type == other or (type, other) == ("number", "integer"):
        return
    values = [1.5] if (type, other) == ("integer", "number") else FITTING.get(other, [None])
    for value in values:
        with pytest.raises(VariablesInvalid) as refused:
            checked_values([declare({"name": "x", "type": type})], {"x": value})
        assert set(refused.value.wrong) == {"x"}


@pytest.mark.parametrize("value", [math.inf, math.nan, 2**64, {1: 2}, {"x": {"y": "\udfff"}}])
def test_what_is_not_json_fits_no_type(value: Any) -> None:
    for each in VariableType:
        with pytest.raises(VariablesInvalid):
            checked_values([declare({"name": "x", "type": each})], {"x": value})


def test_a_value_nested_beyond_reason_is_refused() -> None:
    deep: Any = []
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(VariablesInvalid) as refused:
        checked_values([declare({"name": "x", "type": "array"})], {"x": deep})
    assert "deep" in refused.value.wrong["x"]


def test_everything_wrong_with_the_variables_is_told_at_once() -> None:
    declared = [declare("a"), declare("b"), declare({"name": "n", "type": "integer"})]
    with pytest.raises(VariablesInvalid) as refused:
        checked_values(declared, {"n": "three", "z": 1, "y": 2})
    error = refused.value
    assert error.missing == ("a", "b")
    assert set(error.unknown) == {"z", "y"}
    assert error.wrong == {"n": "must be of the type integer, not string"}


def test_defaults_stand_in_for_what_is_left_out() -> None:
    declared = [declare({"name": "tone", "default": "warm"}), declare("a")]
    assert checked_values(declared, {"a": "x"}) == {"a": "x", "tone": "warm"}
    assert checked_values(declared, {"a": "x", "tone": None}) == {"a": "x", "tone": "warm"}
    assert checked_values(declared, {"a": "x", "tone": ""}) == {"a": "x", "tone": ""}


def test_an_optional_variable_without_a_default_may_be_left_out() -> None:
    assert checked_values([declare({"name": "tone", "required": False})], {}) == {}


def test_an_enum_takes_only_its_values() -> None:
    declared = [declare({"name": "n", "type": "integer", "enum": [0, 1]})]
    assert checked_values(declared, {"n": 1}) == {"n": 1}
    with pytest.raises(VariablesInvalid) as refused:
        checked_values(declared, {"n": 2})
    assert refused.value.wrong == {"n": "must be one of [0,1]"}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@example_settings(deadline=None, database=None, max_examples=200)
@given(
    st.sampled_from(VariableType), st.booleans(), st.dictionaries(st.sampled_from("xyz"), anything)
)
def test_any_values_are_accepted_or_refused_with_our_error(
    type: VariableType, required: bool, values: dict[str, Any]
) -> None:
    declared = [Variable(name="x", type=type, required=required)]
    with contextlib.suppress(VariablesInvalid):
        accepted = checked_values(declared, values)
        assert accepted in ({"x": values.get("x")}, {})
