"""The smallest legal bump for every kind of change, and what a version asked for may be."""

from typing import Any

import pytest

from promptpilot.domain.semver import Bump, Semver
from promptpilot.domain.version_rules import changes_between, next_version
from promptpilot.errors import Conflict, VersionBumpTooSmall
from tests.unit.prompt_world import version

OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}


def with_fields(**properties: Any) -> dict[str, Any]:
    return {**OBJECT, "properties": properties}


STRING, NUMBER = {"type": "string"}, {"type": "number"}
NESTED = {"type": "object", "properties": {"b": STRING}}

CHANGES: list[tuple[str, dict[str, Any], dict[str, Any], str, str]] = [
    # what changes, before, after, the bump, what the reason names
    ("variable removed", {"variables": ["a", "b"]}, {"variables": ["a"]}, "major", "'b'"),
    ("required added", {"variables": ["a"]}, {"variables": ["a", "b"]}, "major", "'b'"),
    (
        "optional added",
        {"variables": ["a"]},
        {"variables": ["a", {"name": "b", "required": False}]},
        "minor",
        "'b'",
    ),
    (
        "with default added",
        {"variables": ["a"]},
        {"variables": ["a", {"name": "b", "default": "x"}]},
        "minor",
        "'b'",
    ),
    (
        "retyped",
        {"variables": ["a"]},
        {"variables": [{"name": "a", "type": "integer"}]},
        "major",
        "'a'",
    ),
    (
        "integer to number",
        {"variables": [{"name": "a", "type": "integer"}]},
        {"variables": [{"name": "a", "type": "number"}]},
        "major",
        "'a'",
    ),
    (
        "made optional",
        {"variables": ["a"]},
        {"variables": [{"name": "a", "required": False}]},
        "minor",
        "'a'",
    ),
    (
        "made optional with a default",
        {"variables": ["a"]},
        {"variables": [{"name": "a", "default": "x"}]},
        "minor",
        "'a'",
    ),
    (
        "made required",
        {"variables": [{"name": "a", "required": False}]},
        {"variables": ["a"]},
        "major",
        "'a'",
    ),
    (
        "enum added",
        {"variables": ["a"]},
        {"variables": [{"name": "a", "enum": ["x"]}]},
        "major",
        "'a'",
    ),
    (
        "enum removed",
        {"variables": [{"name": "a", "enum": ["x"]}]},
        {"variables": ["a"]},
        "minor",
        "'a'",
    ),
    (
        "enum widened",
        {"variables": [{"name": "a", "enum": ["x"]}]},
        {"variables": [{"name": "a", "enum": ["y", "x"]}]},
        "minor",
        "'a'",
    ),
    (
        "enum narrowed",
        {"variables": [{"name": "a", "enum": ["x", "y"]}]},
        {"variables": [{"name": "a", "enum": ["x"]}]},
        "major",
        "'a'",
    ),
    (
        "enum exchanged",
        {"variables": [{"name": "a", "enum": ["x", "y"]}]},
        {"variables": [{"name": "a", "enum": ["x", "z"]}]},
        "major",
        "'a'",
    ),
    (
        "enum reordered",
        {"variables": [{"name": "a", "enum": ["x", "y"]}]},
        {"variables": [{"name": "a", "enum": ["y", "x"]}]},
        "patch",
        "'a'",
    ),
    (
        "default changed",
        {"variables": [{"name": "a", "default": "x"}]},
        {"variables": [{"name": "a", "default": "y"}]},
        "patch",
        "'a'",
    ),
    (
        "description changed",
        {"variables": [{"name": "a", "description": "x"}]},
        {"variables": ["a"]},
        "patch",
        "'a'",
    ),
    ("text", {"content": "x"}, {"content": "y"}, "patch", "text"),
    (
        "messages",
        {"content": None, "messages": [{"role": "user", "content": "x"}]},
        {"content": None, "messages": [{"role": "system", "content": "x"}]},
        "patch",
        "text",
    ),
    ("model", {}, {"model": "local/m"}, "patch", "model"),
    ("settings", {}, {"settings": {"temperature": 0.5}}, "patch", "settings"),
    ("schema added", {}, {"output_schema": OBJECT}, "major", "output schema"),
    ("schema removed", {"output_schema": OBJECT}, {}, "major", "output schema"),
    (
        "field added",
        {"output_schema": OBJECT},
        {"output_schema": with_fields(a=STRING, b=NUMBER)},
        "minor",
        "'b'",
    ),
    (
        "required field added",
        {"output_schema": OBJECT},
        {"output_schema": {**with_fields(a=STRING, b=NUMBER), "required": ["a", "b"]}},
        "major",
        "output schema",
    ),
    (
        "field removed",
        {"output_schema": with_fields(a=STRING, b=NUMBER)},
        {"output_schema": OBJECT},
        "major",
        "'b'",
    ),
    (
        "field retyped",
        {"output_schema": OBJECT},
        {"output_schema": with_fields(a=NUMBER)},
        "major",
        "/properties/a",
    ),
    (
        "nested field added",
        {"output_schema": with_fields(a=NESTED)},
        {"output_schema": with_fields(a={**NESTED, "properties": {"b": STRING, "c": STRING}})},
        "minor",
        "'c'",
    ),
    (
        "nested field retyped",
        {"output_schema": with_fields(a=NESTED)},
        {"output_schema": with_fields(a={**NESTED, "properties": {"b": NUMBER}})},
        "major",
        "/properties/a/properties/b",
    ),
    (
        "schema closed",
        {"output_schema": OBJECT},
        {"output_schema": {**OBJECT, "additionalProperties": False}},
        "major",
        "output schema",
    ),
]


@pytest.mark.parametrize(
    ("before", "after", "bump", "named"),
    [change[1:] for change in CHANGES],
    ids=[change[0] for change in CHANGES],
)
def test_each_change_needs_its_bump(
    before: dict[str, Any], after: dict[str, Any], bump: str, named: str
) -> None:
    old, new = version(**before), version(**after)
    changes = changes_between(old, new)
    assert changes[0].bump.word == bump
    assert named in changes[0].reason
    expected = {"major": "2.0.0", "minor": "1.3.0", "patch": "1.2.4"}[bump]
    assert str(next_version(old, new)) == expected


@pytest.mark.parametrize(
    ("before", "after", "bump"),
    [change[1:4] for change in CHANGES],
    ids=[change[0] for change in CHANGES],
)
def test_more_is_allowed_and_less_is_refused(
    before: dict[str, Any], after: dict[str, Any], bump: str
) -> None:
    old, new = version(**before), version(**after)
    required = Bump.of(bump)
    for asked in Bump:
        if asked >= required:
            assert next_version(old, new, bump=asked) == Semver(1, 2, 3).bumped(asked)
            continue
        for way in ({"bump": asked}, {"version": Semver(1, 2, 3).bumped(asked)}):
            with pytest.raises(VersionBumpTooSmall) as refused:
                next_version(old, new, **way)
            error = refused.value
            assert error.required == bump
            assert error.minimum == str(Semver(1, 2, 3).bumped(required))
            assert error.reasons


def test_every_change_that_forces_the_bump_is_told() -> None:
    old = version(variables=["a", "b"], content="x")
    new = version(variables=["b", "c", {"name": "d", "required": False}], content="y")
    with pytest.raises(VersionBumpTooSmall) as refused:
        next_version(old, new, bump=Bump.PATCH)
    assert refused.value.reasons == (
        "The variable 'a' was removed.",
        "The required variable 'c' was added.",
        "The optional variable 'd' was added.",
    )


@pytest.mark.parametrize("asked", ["1.3.0", "1.4.7", "2.0.0", "7.1.2"])
def test_any_version_that_is_large_enough_may_be_asked_for(asked: str) -> None:
    old = version()
    new = version(variables=["notes", {"name": "b", "required": False}])
    assert str(next_version(old, new, version=Semver.parse(asked))) == asked


@pytest.mark.parametrize(
    "after", [{}, {"message": "again"}, {"variables": [{"name": "notes", "type": "string"}]}]
)
def test_a_change_that_changes_nothing_is_refused(after: dict[str, Any]) -> None:
    with pytest.raises(Conflict, match="Nothing changed"):
        next_version(version(), version(**after), bump=Bump.MAJOR)


def test_the_order_of_the_variables_changes_nothing() -> None:
    old, new = version(variables=["a", "b"]), version(variables=["b", "a"])
    assert changes_between(old, new) == ()
    assert old.content_digest() == new.content_digest()


def test_one_and_true_are_different_values_of_an_enum() -> None:
    old = version(variables=[{"name": "n", "type": "number", "enum": [1]}])
    new = version(variables=[{"name": "n", "type": "number", "enum": [1, 2.5]}])
    assert changes_between(old, new)[0].bump is Bump.MINOR
