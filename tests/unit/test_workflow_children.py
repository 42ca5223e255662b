"""Workflows that run workflows: what is refused when they are saved, and what they can do."""

from typing import Any

import pytest

from promptpilot.errors import DocumentInvalid, Problem
from promptpilot.services.workflows import children as workflow_children
from promptpilot.services.workflows.checks import check_workflow
from promptpilot.services.workflows.documents import archive_workflow, get_bounds
from promptpilot.services.workflows.drafts import begin_draft
from promptpilot.services.workflows.labels import move_label
from tests.fakes import MODELS
from tests.unit.prompt_world import made
from tests.unit.workflow_samples import workflow
from tests.unit.workflow_world import INPUT, Desk, runs, simple


@pytest.fixture
def desk() -> Desk:
    return Desk()


def refused(desk: Desk, document: Any, own: str | None = None) -> list[Problem]:
    """What is wrong with a document, as a new one or as a version of `own`."""
    with pytest.raises(DocumentInvalid) as error:
        desk.revise(own, document) if own else desk.make(document)
    return list(error.value.problems)


def codes(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.at, problem.code) for problem in problems]


def test_a_workflow_can_run_another(desk: Desk) -> None:
    child = desk.make()
    parent = desk.make(runs(child.id, {"id": child.id, "version": "1.0.0"}))
    assert [step.workflow.id for step in parent.steps] == [child.id] * 2


@pytest.mark.parametrize(
    "ref",
    [
        {"id": "workflow_00000000000000000000000000"},
        {"id": "nonsense"},
        {"version": "9.0.0"},
        {"version": "nonsense"},
        {"label": "nowhere"},
    ],
)
def test_a_workflow_that_is_not_there_is_told(desk: Desk, ref: dict[str, str]) -> None:
    document = runs({"id": desk.make().id, **ref})
    assert codes(refused(desk, document)) == [("/steps/0/workflow", "workflow_unknown")]


def test_a_version_and_a_label_at_once_are_told(desk: Desk) -> None:
    document = runs({"id": desk.make().id, "version": "1.0.0", "label": "latest"})
    assert codes(refused(desk, document)) == [("/steps/0/workflow", "workflow_invalid")]


def test_what_is_archived_or_not_published_cannot_be_run(desk: Desk) -> None:
    archived = desk.make()
    archive_workflow(desk.editor, archived.id, table=desk.table)
    draft = begin_draft(desk.editor, {"name": "Draft"}, table=desk.table, models=MODELS)
    found = refused(desk, runs({"id": archived.id, "version": "1.0.0"}, draft.id))
    assert codes(found) == [
        ("/steps/0/workflow", "workflow_archived"),
        ("/steps/1/workflow", "workflow_unpublished"),
    ]


def test_a_workflow_of_another_workspace_is_not_there(desk: Desk) -> None:
    child = desk.make()
    stranger = Desk()
    stranger.table = desk.table
    assert codes(refused(stranger, runs(child.id))) == [("/steps/0/workflow", "workflow_unknown")]


def test_what_the_child_certainly_does_not_take_is_told_with_its_place(desk: Desk) -> None:
    closed = {
        **INPUT,
        "properties": {
            **INPUT["properties"],
            "count": {"$ref": "#/$defs/small"},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "additionalProperties": False,
        "$defs": {"small": {"type": "integer", "maximum": 9}},
    }
    child = desk.make(simple(input=closed))
    given = {"txt": "x", "count": 10, "tags": ["a", 1]}
    found = refused(desk, runs({"id": child.id, "with": given}))
    assert codes(found) == [
        ("/steps/0/with/count", "workflow_input_wrong"),
        ("/steps/0/with/tags/1", "workflow_input_wrong"),
        ("/steps/0/with/text", "workflow_input_missing"),
        ("/steps/0/with/txt", "workflow_input_unknown"),
    ]
    assert "Did you mean `text`?" in found[3].message
    assert "Must be of the type string, not integer." in found[1].message


@pytest.mark.parametrize(
    "given",
    [
        {"text": "{% $input.anything %}"},
        {"text": "x", "more": 1},
        {"text": "x", "list": ["{% 1 %}", 2]},
        {"text": "x", "odd": 1},
    ],
)
def test_what_may_fit_is_left_to_the_run(desk: Desk, given: dict[str, Any]) -> None:
    lists = {"type": "array", "items": {"type": "string"}}
    properties = {**INPUT["properties"], "list": lists, "odd": {"$ref": "#/allOf/0"}}
    open_one = {**INPUT, "properties": properties, "allOf": [{"type": "object"}]}
    child = desk.make(simple(input=open_one))
    assert desk.make(runs({"id": child.id, "with": given})).version == "1.0.0"


def test_a_child_that_takes_any_input_is_given_anything(desk: Desk) -> None:
    document = simple()
    del document["input"]
    child = desk.make(document)
    assert desk.make(runs({"id": child.id, "with": {"x": [1]}})).version == "1.0.0"


def test_a_workflow_that_runs_itself_is_refused(desk: Desk) -> None:
    own = desk.make()
    [problem] = refused(desk, runs(own.id), own=own.id)
    assert (problem.at, problem.code) == ("/steps/0/workflow", "workflow_recursive")
    words = f"this workflow runs `Sample` ({own.id}@1.0.0)"
    assert problem.message == f"It would run itself: {words}."


def test_a_workflow_that_runs_itself_through_others_is_refused_with_the_chain(desk: Desk) -> None:
    inner = desk.make()
    middle = desk.make(runs(inner.id, name="Middle"))
    outer = desk.make(runs(middle.id, name="Outer"))
    own = {"name": "Inner", "input": INPUT}
    [problem] = refused(desk, runs(outer.id, **own), own=inner.id)
    assert problem.code == "workflow_recursive"
    names = ["this workflow", "`Outer`", "`Middle`", "`Sample`"]
    assert [part.split(" (")[0] for part in problem.message[21:-1].split(" runs ")] == names


def test_every_step_that_leads_back_is_told(desk: Desk) -> None:
    inner = desk.make()
    middle = desk.make(runs(inner.id))
    document = {**runs(middle.id, middle.id), "input": INPUT}
    assert len(refused(desk, document, own=inner.id)) == 2


def test_workflows_that_run_each_other_through_labels_are_found(desk: Desk) -> None:
    """Each was fine when it was saved; a label moved since."""
    first, second = desk.make(), desk.make()
    table = desk.table
    move_label(desk.editor, second.id, "production", "1.0.0", table=table)
    desk.revise(first.id, runs(second.id, input=INPUT), "major")
    # The walk from the second would lead back to it, so its new version is made while the first
    # means its old one.
    move_label(desk.editor, first.id, "production", "1.0.0", table=table)
    desk.revise(second.id, runs(first.id, input=INPUT), "major")
    move_label(desk.editor, first.id, "production", "2.0.0", table=table)
    move_label(desk.editor, second.id, "production", "2.0.0", table=table)
    [problem] = refused(desk, runs(first.id))
    assert problem.code == "workflow_recursive"


def test_workflows_run_each_other_ten_levels_deep(desk: Desk) -> None:
    last = desk.make().id
    for _ in range(9):
        last = desk.make(runs(last, input=INPUT)).id
    assert desk.make(runs(last)).version == "1.0.0"
    eleventh = desk.make(runs(last, input=INPUT)).id
    [problem] = refused(desk, runs(eleventh))
    assert (problem.at, problem.code) == ("/steps/0/workflow", "too_deep_workflows")


def test_a_wide_net_of_workflows_is_gone_through_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = desk.make().id
    for _ in range(8):
        last = desk.make(runs(*[last] * 8, input=INPUT)).id
    read: list[str] = []
    resolve = workflow_children.resolve_workflow

    def counted(workspace: str, workflow: str, **named: Any) -> Any:
        read.append(workflow)
        return resolve(workspace, workflow, **named)

    monkeypatch.setattr(workflow_children, "resolve_workflow", counted)
    check = check_workflow(desk.editor, runs(last), table=desk.table, models=MODELS)
    assert check.valid
    assert len(read) <= 1 + 8 * 8


def test_too_many_workflows_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow_children, "MAX_REACHED", 3)
    children = [desk.make().id for _ in range(4)]
    [problem] = refused(desk, runs(*children))
    assert (problem.at, problem.code) == ("/steps/3/workflow", "too_many_workflows")


def test_bounds_count_what_the_children_do_as_often_as_they_are_tried(desk: Desk) -> None:
    prompt = made(desk.editor, desk.table)
    step = {"id": "a", "kind": "prompt", "prompt": {"id": prompt.id}, "retry": {"attempts": 2}}
    child = desk.make(workflow({**step, "with": {"notes": "x"}}))
    assert child.bounds.model_calls == 2
    document = runs({"id": child.id, "with": {}})
    document["steps"][0]["retry"] = {"attempts": 3}
    parent = desk.make(document)
    assert get_bounds(desk.editor, parent.id, table=desk.table, models=MODELS).model_calls == 6


def test_nested_steps_are_looked_at_as_well(desk: Desk) -> None:
    ref = {"id": "x", "kind": "workflow", "workflow": {"id": "nonsense"}}
    loop = {"id": "l", "kind": "map", "items": [1], "steps": [ref]}
    found = refused(desk, workflow(loop))
    assert codes(found) == [("/steps/0/steps/0/workflow", "workflow_unknown")]


def test_a_field_that_cannot_be_read_is_not_told_as_missing(desk: Desk) -> None:
    child = desk.make()
    document = runs(child.id)
    document["steps"][0]["with"] = "text"
    action = {"id": "a", "kind": "action", "action": "http.request", "with": "text"}
    for each in (document, workflow(action)):
        assert codes(refused(desk, each)) == [("/steps/0/with", "wrong_type")]


def test_a_check_tells_what_saving_would_and_saves_nothing(desk: Desk) -> None:
    own = desk.make()
    fine = check_workflow(desk.editor, simple(), table=desk.table, models=MODELS)
    assert (fine.valid, fine.problems, fine.bounds) == (True, (), own.bounds)
    bad = check_workflow(desk.editor, runs(own.id), own=own.id, table=desk.table, models=MODELS)
    assert (bad.valid, bad.bounds) == (False, None)
    assert [(each.at, each.code) for each in bad.problems] == [
        ("/steps/0/workflow", "workflow_recursive")
    ]
    assert len(desk.orchestrator.published) == 1
