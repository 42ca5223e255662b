"""What the difference of two versions of a workflow tells."""

from typing import Any

import pytest

from promptpilot.domain.workflow import WorkflowDocument, WorkflowVersion
from promptpilot.domain.workflow_diff import WorkflowDiff, diff_workflows
from tests.unit.workflow_samples import compiled, transform, workflow


def version(number: str, document: dict[str, Any]) -> WorkflowVersion:
    result = compiled(document)
    return WorkflowVersion.model_construct(
        version=number,
        document=WorkflowDocument.model_validate(document),
        asl=result.asl,
        bounds=result.bounds,
        digest=result.digest,
    )


def diff(before: dict[str, Any], after: dict[str, Any]) -> WorkflowDiff:
    return diff_workflows(version("1.0.0", before), version("1.1.0", after))


def branch(*cases: list[Any], otherwise: Any = ()) -> dict[str, Any]:
    return {
        "id": "route",
        "kind": "branch",
        "cases": [{"when": "{% true %}", "steps": steps} for steps in cases],
        "otherwise": list(otherwise),
    }


A, B, C = (transform(name, 1) for name in "abc")


def test_steps_that_came_and_went_are_told_with_their_fields() -> None:
    found = diff(workflow(A, C), workflow(branch([B]), C)).steps
    assert [(each.id, each.path, each.kind) for each in found.added] == [
        ("route", "route", "branch"),
        ("b", "route/b", "transform"),
    ]
    assert found.added[0].fields == {
        "cases": [{"when": "{% true %}", "steps": []}],
        "otherwise": [],
    }
    assert [(each.id, each.fields) for each in found.removed] == [("a", {"value": 1})]
    assert (found.moved, found.changed) == ((), ())


def test_a_changed_step_is_told_field_by_field_and_texts_word_by_word() -> None:
    before = transform("a", {"greeting": "Hello there, friend.", "count": 1})
    after = transform("a", {"greeting": "Hello friend.", "loud": True})
    [change] = diff(workflow(before, C), workflow(after, C)).steps.changed
    assert (change.id, change.path) == ("a", "a")
    by_field = {each.field: each for each in change.fields}
    assert list(by_field) == ["value/greeting", "value/count", "value/loud"]
    pieces = [(piece.op, piece.text) for piece in by_field["value/greeting"].text or ()]
    assert ("delete", "there, ") in pieces
    assert (by_field["value/count"].before, by_field["value/count"].after) == (1, None)
    assert by_field["value/loud"].text is None


def test_what_was_left_out_and_what_is_written_out_is_the_same() -> None:
    step = {"id": "w", "kind": "wait", "for": "5m"}
    after = workflow(step, C, timeout="1h", triggers=[{"kind": "manual"}])
    found = diff(workflow(step, C), after)
    assert (found.fields, found.steps.changed, found.required) == ((), (), None)


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ([A, B, C], [B, A, C], [("b", "b", "b")]),
        ([A, B, C], [C, A, B], [("c", "c", "c")]),
        ([branch([A]), C], [branch([], [A]), C], [("a", "route/a", "route/a")]),
        ([branch([A]), C], [A, branch([]), C], [("a", "route/a", "a")]),
        ([branch([A, B]), C], [branch([A], otherwise=[B]), C], [("b", "route/b", "route/b")]),
    ],
)
def test_steps_that_stand_elsewhere_are_told_as_moved_and_no_others(
    before: list[Any], after: list[Any], moved: list[tuple[str, str, str]]
) -> None:
    found = diff(workflow(*before), workflow(*after)).steps
    assert {(each.id, each.before, each.after) for each in found.moved} == set(moved)
    assert (found.added, found.removed) == ((), ())


def test_steps_of_a_caught_error_are_compared_by_themselves() -> None:
    def with_catch(value: int) -> dict[str, Any]:
        step = {
            "id": "per_item",
            "kind": "map",
            "items": "{% [1] %}",
            "steps": [A],
            "on_error": {"steps": [transform("b", value)]},
        }
        return workflow(step, C)

    found = diff(with_catch(1), with_catch(2)).steps
    assert [(each.path, each.fields[0].field) for each in found.changed] == [
        ("per_item/b", "value")
    ]


def test_input_output_and_the_rest_are_told_by_their_places() -> None:
    before = workflow(A, input={"type": "object", "properties": {"x": {"type": "string"}}})
    after = {
        **workflow(A, input={"type": "object", "required": ["x"]}, output={"y": 1}),
        "description": "New.",
    }
    found = diff(before, after)
    assert [each.field for each in found.input] == ["properties/x/type", "required/0"]
    assert [(each.field, each.after) for each in found.output] == [("y", 1)]
    assert [(each.field, each.before) for each in found.fields] == [("description", None)]
    assert found.required == "major"
    assert len(found.reasons) == 4


def test_a_whole_that_is_no_object_has_no_name() -> None:
    found = diff(workflow(A, output="{% $a %}"), workflow(A, output="{% $a + 1 %}"))
    assert [(each.field, each.before) for each in found.output] == [("", "{% $a %}")]
    assert diff(workflow(A, output=1), workflow(A, output=True)).output[0].after is True


def test_the_difference_of_equal_versions_is_empty_and_calls_for_nothing() -> None:
    same = workflow(branch([A], otherwise=[B]), C, output={"x": [1, {"y": None}]})
    found = diff(same, same)
    assert found.model_dump(exclude={"version", "other"}) == {
        "steps": {"added": (), "removed": (), "moved": (), "changed": ()},
        "input": (),
        "output": (),
        "fields": (),
        "required": None,
        "reasons": (),
    }
