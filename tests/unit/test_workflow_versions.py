"""Versions of workflows: numbered by what changed, never changed themselves, moved by labels."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from promptpilot.domain.permissions import Role
from promptpilot.domain.workflow_changes import WorkflowPatch
from promptpilot.domain.workflow_record import WorkflowRecord
from promptpilot.errors import (
    AlreadyExists,
    Archived,
    Conflict,
    DocumentInvalid,
    Forbidden,
    Invalid,
    NotFound,
    RevisionConflict,
    Unavailable,
    VersionBumpTooSmall,
)
from promptpilot.ports.orchestrator import Machine
from promptpilot.services.workflows.documents import (
    archive_workflow,
    find_workflow,
    get_workflow,
    list_workflows,
    unarchive_workflow,
    update_workflow,
)
from promptpilot.services.workflows.history import diff_versions, get_version, list_versions
from promptpilot.services.workflows.labels import delete_label, move_label
from promptpilot.services.workflows.publishing import create_version, without_bump
from promptpilot.services.workflows.versions import resolve_workflow
from tests.fakes import MODELS
from tests.unit.workflow_samples import transform
from tests.unit.workflow_world import INPUT, Desk, simple
from tests.unit.world import RecordingOrchestrator

WIDER = {**INPUT, "properties": {**INPUT["properties"], "tone": {"type": "string"}}}
NARROWER = {**WIDER, "required": ["text", "tone"]}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_version_gets_the_smallest_number_that_its_change_allows(desk: Desk) -> None:
    made = desk.make()
    assert desk.revise(made.id, simple(timeout="2h")).version == "1.0.1"
    assert desk.revise(made.id, simple(input=WIDER)).version == "1.1.0"
    latest = desk.revise(made.id, simple(input=NARROWER))
    assert (latest.version, latest.latest, latest.revision) == ("2.0.0", "2.0.0", 4)
    assert get_workflow(desk.editor, made.id, version="1.0.0", table=desk.table).input == INPUT


@pytest.mark.parametrize("asked", [{"bump": "patch"}, {"bump": "minor"}, {"version": "1.4.0"}])
def test_a_number_that_promises_too_much_is_refused_with_what_forces_more(
    desk: Desk, asked: dict[str, str]
) -> None:
    made = desk.make()
    document, bump = without_bump(simple(input=NARROWER, **asked))
    with pytest.raises(VersionBumpTooSmall) as refused:
        desk.revise(made.id, document, bump)
    assert (refused.value.required, refused.value.minimum) == ("major", "2.0.0")
    assert refused.value.reasons[0] == "The input 'tone' was added, and is required."


def test_more_than_is_called_for_may_be_asked_for(desk: Desk) -> None:
    made = desk.make()
    assert desk.revise(made.id, simple(timeout="2h"), "minor").version == "1.1.0"
    assert desk.revise(made.id, simple(timeout="3h", version="7.0.1")).version == "7.0.1"


def test_a_document_that_changes_nothing_is_refused(desk: Desk) -> None:
    made = desk.make()
    for same in (simple(), simple(message="Again."), simple(timeout="1h")):
        with pytest.raises(Conflict, match=r"Nothing changed since version 1\.0\.0"):
            desk.revise(made.id, same)


def test_a_number_that_is_taken_or_not_greater_is_refused(desk: Desk) -> None:
    made = desk.make(version="1.2.0")
    with pytest.raises(AlreadyExists):
        desk.revise(made.id, simple(timeout="2h", version="1.2.0"))
    with pytest.raises(Invalid, match="greater than the latest"):
        desk.revise(made.id, simple(timeout="2h", version="1.1.0"))
    with pytest.raises(Invalid, match="not both"):
        desk.revise(made.id, simple(timeout="2h", version="1.3.0"), "minor")


@pytest.mark.parametrize("bump", ["huge", 1, ["major"]])
def test_a_bump_that_is_none_is_told_with_its_place(bump: Any) -> None:
    with pytest.raises(DocumentInvalid) as refused:
        without_bump(simple(bump=bump))
    assert [problem.at for problem in refused.value.problems] == ["/bump"]


def test_null_for_number_and_bump_is_the_same_as_nothing() -> None:
    assert without_bump(simple(version=None, bump=None)) == (simple(), None)
    assert without_bump(["no document"]) == (["no document"], None)


def test_a_version_never_changes(desk: Desk) -> None:
    made = desk.make(message="First.")
    desk.revise(made.id, simple(name="Other", description="Described."))
    first = get_version(desk.editor, made.id, "1.0.0", table=desk.table)
    assert (first.document.name, first.document.description) == ("Sample", None)
    assert first.message == "First."


def test_a_version_brings_its_name_and_description_to_the_workflow(desk: Desk) -> None:
    made = desk.make(description="Old.")
    desk.revise(made.id, simple(name="Other"))
    old = find_workflow(desk.editor, made.id, version="1.0.0", table=desk.table)
    assert (old.record.name, "description" in old.record.model_fields_set) == ("Other", False)
    assert old.document.model_dump(mode="json") == simple(name="Other")


def test_versions_are_listed_newest_first_in_the_order_of_numbers(desk: Desk) -> None:
    made = desk.make(message="First.")
    desk.revise(made.id, simple(timeout="2h", version="1.10.0"))
    desk.revise(made.id, simple(timeout="3h"))
    move_label(desk.editor, made.id, "production", "1.10.0", table=desk.table)
    page = list_versions(desk.editor, made.id, table=desk.table)
    assert [each.version for each in page.items] == ["1.10.1", "1.10.0", "1.0.0"]
    assert [each.labels for each in page.items] == [(), ("production",), ()]
    assert page.items[2].message == "First."
    first = list_versions(desk.editor, made.id, limit=2, table=desk.table)
    rest = list_versions(desk.editor, made.id, limit=2, after=first.next, table=desk.table)
    assert [each.version for each in rest.items] == ["1.0.0"]


def test_two_versions_are_compared(desk: Desk) -> None:
    made = desk.make()
    desk.revise(made.id, simple(timeout="2h"))
    diff = diff_versions(desk.editor, made.id, "1.0.0", "1.0.1", table=desk.table)
    assert [(each.field, each.before, each.after) for each in diff.fields] == [
        ("timeout", "1h", "2h")
    ]
    assert (diff.required, diff.reasons) == ("patch", ("The timeout was changed.",))


def test_concurrent_versions_all_succeed_one_after_another(desk: Desk) -> None:
    made = desk.make()

    def revise(number: int) -> str:
        return desk.revise(made.id, simple(description=f"Number {number}.")).version

    with ThreadPoolExecutor(8) as threads:
        versions = list(threads.map(revise, range(16)))
    assert sorted(versions, key=lambda each: int(each[4:])) == [f"1.0.{n}" for n in range(1, 17)]


def test_of_two_who_saw_the_same_revision_one_wins(desk: Desk) -> None:
    made = desk.make()
    desk.revise(made.id, simple(timeout="2h"), if_revision=1)
    with pytest.raises(RevisionConflict) as refused:
        desk.revise(made.id, simple(timeout="3h"), if_revision=1)
    assert refused.value.current == 2


def test_the_machine_is_published_before_the_version_is_kept(desk: Desk) -> None:
    class Away(RecordingOrchestrator):
        def publish(self, machine: Machine) -> None:
            raise Unavailable

    made = desk.make()
    with pytest.raises(Unavailable):
        create_version(
            desk.editor,
            made.id,
            simple(timeout="2h"),
            table=desk.table,
            models=MODELS,
            orchestrator=Away(),
        )
    assert get_workflow(desk.editor, made.id, table=desk.table).latest == "1.0.0"
    kept = desk.revise(made.id, simple(output="{% $shout %}"))
    assert desk.orchestrator.published[kept.digest].version == "1.1.0"


def test_labels_move_and_choose_what_runs(desk: Desk) -> None:
    made = desk.make()
    desk.revise(made.id, simple(timeout="2h"))
    moved = move_label(desk.editor, made.id, "production", "1.0.0", table=desk.table)
    assert (moved.version, moved.labels) == ("1.0.0", {"production": "1.0.0"})
    workspace = desk.editor.workspace
    assert resolve_workflow(workspace, made.id, table=desk.table).version == "1.0.0"
    assert resolve_workflow(workspace, made.id, label="latest", table=desk.table).version == "1.0.1"
    gone = delete_label(desk.editor, made.id, "production", table=desk.table)
    assert (gone.version, gone.labels) == ("1.0.1", {})
    assert desk.events(made.id)[-2:] == [
        ("workflow.label.moved", {"label": "production", "before": None, "version": "1.0.0"}),
        ("workflow.label.deleted", {"label": "production", "before": "1.0.0"}),
    ]


def test_a_label_of_a_version_that_is_not_there_is_not_moved(desk: Desk) -> None:
    made = desk.make()
    with pytest.raises(NotFound):
        move_label(desk.editor, made.id, "production", "9.0.0", table=desk.table)
    with pytest.raises(Invalid):
        move_label(desk.editor, made.id, "latest", "1.0.0", table=desk.table)


def test_only_admins_move_a_protected_label(desk: Desk) -> None:
    made, admin = desk.make(), desk.as_a(Role.ADMIN)
    with pytest.raises(Forbidden):
        move_label(desk.editor, made.id, "live", "1.0.0", protected=True, table=desk.table)
    guarded = move_label(admin, made.id, "live", "1.0.0", protected=True, table=desk.table)
    assert guarded.protected_labels == ("live",)
    with pytest.raises(Forbidden):
        move_label(desk.editor, made.id, "live", "1.0.0", table=desk.table)
    with pytest.raises(Forbidden):
        delete_label(desk.editor, made.id, "live", table=desk.table)
    assert delete_label(admin, made.id, "live", table=desk.table).protected_labels == ()


def test_name_and_description_change_without_a_version(desk: Desk) -> None:
    made = desk.make(description="Old.")
    patch = WorkflowPatch(name="New", description=None)
    renamed = update_workflow(desk.editor, made.id, patch, if_revision=1, table=desk.table)
    assert (renamed.name, renamed.version, renamed.revision) == ("New", "1.0.0", 2)
    assert "description" not in renamed.model_fields_set
    again = update_workflow(desk.editor, made.id, patch, table=desk.table)
    assert again.revision == 2
    assert desk.events(made.id)[2:] == [("workflow.updated", {"fields": ["description", "name"]})]
    with pytest.raises(Invalid):
        update_workflow(desk.editor, made.id, WorkflowPatch(name=None), table=desk.table)
    with pytest.raises(RevisionConflict):
        update_workflow(
            desk.editor, made.id, WorkflowPatch(name="X"), if_revision=1, table=desk.table
        )


def test_an_archived_workflow_can_be_read_and_neither_changed_nor_run(desk: Desk) -> None:
    made, table = desk.make(), desk.table
    archived = archive_workflow(desk.editor, made.id, table=table)
    assert (archived.status, archived.revision) == ("archived", 2)
    assert archive_workflow(desk.editor, made.id, table=table) == archived
    found = get_workflow(desk.editor, made.id, table=table)
    assert (found.status, found.archived_at) == ("archived", archived.archived_at)
    refused: list[Any] = [
        lambda: desk.revise(made.id, simple(timeout="2h")),
        lambda: update_workflow(desk.editor, made.id, WorkflowPatch(name="X"), table=table),
        lambda: move_label(desk.editor, made.id, "production", "1.0.0", table=table),
        lambda: resolve_workflow(desk.editor.workspace, made.id, version="1.0.0", table=table),
    ]
    for attempt in refused:
        with pytest.raises(Archived):
            attempt()


def test_an_archived_workflow_is_left_out_of_lists_until_it_is_back(desk: Desk) -> None:
    kept, archived = desk.make(name="Kept"), desk.make(name="Archived")

    def names(**asked: Any) -> list[str]:
        return [each.name for each in list_workflows(desk.editor, table=desk.table, **asked).items]

    archive_workflow(desk.editor, archived.id, table=desk.table)
    assert names() == ["Kept"]
    assert names(archived=True) == ["Archived", "Kept"]
    back = unarchive_workflow(desk.editor, archived.id, table=desk.table)
    assert (back.status, back.version) == ("published", "1.0.0")
    assert names() == ["Archived", "Kept"]
    assert [kind for kind, _ in desk.events(archived.id)[2:]] == [
        "workflow.archived",
        "workflow.unarchived",
    ]
    assert desk.events(kept.id)[2:] == []


def test_pages_of_a_list_hold_what_is_not_archived(desk: Desk) -> None:
    made: list[WorkflowRecord] = [desk.make(name=f"W{number}") for number in range(6)]
    for number in (1, 3, 4):
        archive_workflow(desk.editor, made[number].id, table=desk.table)
    names, after = [], None
    while True:
        page = list_workflows(desk.editor, limit=2, after=after, table=desk.table)
        names += [each.name for each in page.items]
        after = page.next
        if after is None:
            break
    assert names == ["W5", "W2", "W0"]


def test_who_may_only_look_changes_nothing(desk: Desk) -> None:
    made, viewer, table = desk.make(), desk.as_a(Role.VIEWER), desk.table
    attempts: list[Any] = [
        lambda: create_version(
            viewer,
            made.id,
            simple(timeout="2h"),
            table=table,
            models=MODELS,
            orchestrator=desk.orchestrator,
        ),
        lambda: update_workflow(viewer, made.id, WorkflowPatch(name="X"), table=table),
        lambda: archive_workflow(viewer, made.id, table=table),
        lambda: unarchive_workflow(viewer, made.id, table=table),
        lambda: move_label(viewer, made.id, "x", "1.0.0", table=table),
    ]
    for attempt in attempts:
        with pytest.raises(Forbidden):
            attempt()
    assert list_versions(viewer, made.id, table=table).items[0].version == "1.0.0"


def test_a_version_that_does_not_compile_is_refused_whole(desk: Desk) -> None:
    made = desk.make()
    with pytest.raises(DocumentInvalid) as refused:
        desk.revise(made.id, simple(steps=[transform("shout", "{% $b %}")]))
    assert refused.value.problems[0].at == "/steps/0/value"
    assert get_workflow(desk.editor, made.id, table=desk.table).latest == "1.0.0"
