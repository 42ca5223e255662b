"""The smallest legal bump for every kind of change of a workflow."""

from typing import Any

import pytest

from promptpilot.domain.semver import Bump
from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.domain.workflow_version_rules import changes_between
from tests.unit.workflow_samples import fail, prompt_step, transform, workflow

STRING, NUMBER = {"type": "string"}, {"type": "number"}


def takes(*required: str, rest: Any = None, **properties: Any) -> dict[str, Any]:
    """An input schema."""
    schema = {"type": "object", "properties": properties, "required": [*required]}
    return {**schema, **(rest or {})}


INPUT_CHANGES: list[tuple[str, Any, Any, str, str]] = [
    # what changes, before, after, the bump, what the reason names
    ("property removed", takes(a=STRING, b=STRING), takes(a=STRING), "major", "'b'"),
    ("property retyped", takes(a=STRING), takes(a=NUMBER), "major", "'a'"),
    ("type widened", takes(a={"type": "integer"}), takes(a=NUMBER), "major", "'a'"),
    ("made required", takes(a=STRING), takes("a", a=STRING), "major", "'a' became required"),
    ("required added", takes(), takes("a", a=STRING), "major", "'a' was added"),
    ("required without property", takes(), takes("a"), "major", "'a' was added"),
    ("optional added", takes(), takes(a=STRING), "minor", "'a' was added"),
    ("made optional", takes("a", a=STRING), takes(a=STRING), "minor", "'a' became optional"),
    ("closed", takes(), takes(rest={"additionalProperties": False}), "major", "no longer takes"),
    ("opened", takes(rest={"additionalProperties": False}), takes(), "minor", "takes further"),
    (
        "opened to some",
        takes(rest={"additionalProperties": False}),
        takes(rest={"additionalProperties": STRING}),
        "major",
        "no longer takes",
    ),
    ("value removed", takes(a={"enum": [1, 2]}), takes(a={"enum": [1]}), "major", "'a'"),
    ("value added", takes(a={"enum": [1]}), takes(a={"enum": [1, 2]}), "minor", "more values"),
    ("enum removed", takes(a={"enum": [1]}), takes(a={}), "minor", "more values"),
    ("enum added", takes(a={}), takes(a={"enum": [1]}), "major", "no longer takes"),
    ("order of values", takes(a={"enum": [1, 2]}), takes(a={"enum": [2, 1]}), "patch", "order"),
    ("length bounded", takes(a=STRING), takes(a={**STRING, "maxLength": 9}), "major", "'a'"),
    ("described", takes(a=STRING), takes(a={**STRING, "description": "x"}), "patch", "notes"),
    ("default", takes(a=STRING), takes(a={**STRING, "default": "x"}), "patch", "notes"),
    (
        "nested removed",
        takes(a=takes(b=STRING)),
        takes(a=takes()),
        "major",
        "'a/b' was removed",
    ),
    ("nested added", takes(a=takes()), takes(a=takes(b=STRING)), "minor", "'a/b'"),
    ("further rule", takes(), takes(rest={"minProperties": 1}), "major", "schema of the input"),
    ("no schema any more", takes("a", a=STRING), None, "major", "'a' was removed"),
]


@pytest.mark.parametrize(
    ("before", "after", "bump", "named"),
    [case[1:] for case in INPUT_CHANGES],
    ids=[case[0] for case in INPUT_CHANGES],
)
def test_a_change_of_the_input_raises_the_version(
    before: Any, after: Any, bump: str, named: str
) -> None:
    found = changes(starts(before), starts(after))
    assert found[0][0] == bump
    assert any(named in reason for size, reason in found if size == bump), found


def starts(input: Any) -> dict[str, Any]:
    return workflow(transform("a", 1), **({} if input is None else {"input": input}))


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    old, new = (WorkflowDocument.model_validate(each) for each in (before, after))
    return [(change.bump.word, change.reason) for change in changes_between(old, new)]


OUTPUT_CHANGES: list[tuple[str, Any, Any, str, str]] = [
    ("field removed", {"a": 1, "b": 2}, {"a": 1}, "major", "'b' was removed"),
    ("field added", {"a": 1}, {"a": 1, "b": 2}, "minor", "'b' was added"),
    ("nested field removed", {"a": {"b": 1}}, {"a": {}}, "major", "'a/b' was removed"),
    ("literal retyped", {"a": 1}, {"a": "1"}, "major", "'a' is of the type string now"),
    ("truth for number", {"a": 1}, {"a": True}, "major", "boolean"),
    ("another literal", {"a": "x"}, {"a": "y"}, "patch", "another string"),
    ("truth within a list", [[1]], [[True]], "major", "'0/0'"),
    ("whole to broken number", {"a": 1}, {"a": 1.5}, "patch", "another number"),
    ("another expression", {"a": "{% 1 %}"}, {"a": "{% 2 %}"}, "minor", "another expression"),
    ("literal to expression", {"a": 1}, {"a": "{% 1 %}"}, "minor", "another expression"),
    ("expression to object", "{% {} %}", {"a": 1}, "minor", "The output is another expression"),
    ("object to list", {"a": 1}, [1], "major", "array"),
    ("longer list", [1], [1, 2], "patch", "another array"),
    ("item retyped", [1], ["1"], "major", "'0'"),
    ("null", None, {"a": 1}, "major", "object"),
]


@pytest.mark.parametrize(
    ("before", "after", "bump", "named"),
    [case[1:] for case in OUTPUT_CHANGES],
    ids=[case[0] for case in OUTPUT_CHANGES],
)
def test_a_change_of_the_output_raises_the_version(
    before: Any, after: Any, bump: str, named: str
) -> None:
    step = prompt_step("a")
    [(found, reason)] = changes(workflow(step, output=before), workflow(step, output=after))
    assert (found, named in reason) == (bump, True), reason


def test_space_around_an_expression_is_no_change() -> None:
    one, other = (workflow(prompt_step("a"), output=text) for text in ("{%$a%}", "{%  $a %}"))
    assert changes(one, other) == []


@pytest.mark.parametrize(
    ("before", "after", "bump", "named"),
    [
        (workflow(prompt_step("a")), workflow(fail("a")), "major", "is a fail now"),
        (workflow(prompt_step("a")), workflow(prompt_step("b")), "minor", "is 'b' now"),
        (workflow(transform("a", {"b": 1})), workflow(transform("a", {})), "major", "'b'"),
        (workflow(transform("a", 1)), workflow(transform("b", 1), output=1), "minor", "'b'"),
        (workflow(prompt_step("a")), workflow(prompt_step("a"), output={}), "major", "added"),
        (workflow(prompt_step("a")), workflow(prompt_step("a"), output="{% 1 %}"), "minor", "add"),
        (workflow(prompt_step("a"), output=1), workflow(prompt_step("a")), "major", "removed"),
    ],
)
def test_without_an_output_the_last_step_is_what_is_answered(
    before: dict[str, Any], after: dict[str, Any], bump: str, named: str
) -> None:
    found = changes(before, after)
    assert found[0][0] == bump
    assert named in found[0][1]


LAST = transform("z", 1)


@pytest.mark.parametrize(
    ("before", "after", "bump", "reason"),
    [
        ([LAST], [transform("a", 1), LAST], "minor", "The step 'a' was added."),
        ([transform("a", 1), LAST], [LAST], "patch", "The step 'a' was removed."),
        (
            [transform("a", 1), LAST],
            [transform("a", 2), LAST],
            "patch",
            "The step 'a' was changed.",
        ),
        (
            [transform("a", 1), transform("b", 1), LAST],
            [transform("b", 1), transform("a", 1), LAST],
            "patch",
            "was moved.",
        ),
    ],
)
def test_a_change_of_the_steps_raises_the_version(
    before: list[Any], after: list[Any], bump: str, reason: str
) -> None:
    [(found, told)] = changes(workflow(*before), workflow(*after))
    assert (found, reason in told) == (bump, True), told


@pytest.mark.parametrize(
    ("field", "value"), [("name", "B"), ("description", "x"), ("timeout", "2h"), ("triggers", [])]
)
def test_the_rest_is_a_patch(field: str, value: Any) -> None:
    [(bump, reason)] = changes(workflow(LAST), {**workflow(LAST), field: value})
    assert (bump, field in reason) == ("patch", True)


def test_what_says_the_same_in_other_words_is_no_change() -> None:
    one = workflow(prompt_step("a", retry={"attempts": 3}, timeout="60s"), timeout="1h")
    assert changes(one, workflow(prompt_step("a"))) == []
    assert changes(one, {**one, "version": "9.0.0", "message": "x"}) == []


def test_the_largest_changes_come_first() -> None:
    old = workflow(LAST, input=takes(a=STRING))
    new = workflow(transform("a", 1), LAST, input=takes(), timeout="2h")
    sizes = [bump for bump, _ in changes(old, new)]
    assert sizes == ["major", "minor", "patch"]
    assert Bump.of(sizes[0]) is Bump.MAJOR
