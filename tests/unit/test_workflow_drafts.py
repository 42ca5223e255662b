"""Drafts: kept whatever they say, told what is wrong, published as versions."""

from typing import Any

import pytest

from promptpilot.domain.permissions import Role
from promptpilot.domain.workflow_changes import PublishRequest
from promptpilot.domain.workflow_record import WorkflowRecord
from promptpilot.errors import (
    Archived,
    Conflict,
    DocumentInvalid,
    Forbidden,
    Invalid,
    NotFound,
    RevisionConflict,
    TooLarge,
    Unpublished,
)
from promptpilot.services.workflows.documents import archive_workflow, get_workflow, list_workflows
from promptpilot.services.workflows.drafts import (
    begin_draft,
    delete_draft,
    get_draft,
    keep_draft,
    publish_draft,
)
from promptpilot.services.workflows.versions import resolve_workflow
from tests.fakes import MODELS
from tests.unit.workflow_samples import transform
from tests.unit.workflow_world import Desk, simple

BROKEN = {"name": "Unfinished", "steps": [{"id": "a", "kind": "transfrom"}], "notes": ["later"]}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def publish(desk: Desk, id: str, if_revision: int | None = None, **asked: Any) -> WorkflowRecord:
    return publish_draft(
        desk.editor,
        id,
        PublishRequest(**asked),
        if_revision=if_revision,
        table=desk.table,
        models=MODELS,
        orchestrator=desk.orchestrator,
    )


def test_a_draft_is_kept_as_it_was_sent_and_told_what_is_wrong(desk: Desk) -> None:
    made = desk.make()
    kept = keep_draft(desk.editor, made.id, BROKEN, table=desk.table, models=MODELS)
    assert (kept.document, kept.valid, kept.bounds) == (BROKEN, False, None)
    assert [(each.at, each.code) for each in kept.problems] == [
        ("/notes", "unknown_field"),
        ("/steps/0/kind", "kind_unknown"),
    ]
    assert get_draft(desk.as_a(Role.VIEWER), made.id, table=desk.table, models=MODELS) == kept
    assert get_workflow(desk.editor, made.id, table=desk.table) == made


def test_a_draft_that_is_valid_says_what_an_execution_can_do(desk: Desk) -> None:
    made = desk.make()
    kept = keep_draft(desk.editor, made.id, simple(), table=desk.table, models=MODELS)
    assert (kept.valid, kept.problems, kept.bounds) == (True, (), made.bounds)


@pytest.mark.parametrize(
    "values", [[], "text", None, {"name": "x", "value": float("inf")}, {"name": "\ud800"}]
)
def test_what_no_draft_can_hold_is_refused(desk: Desk, values: Any) -> None:
    made = desk.make()
    with pytest.raises(DocumentInvalid):
        keep_draft(desk.editor, made.id, values, table=desk.table, models=MODELS)


@pytest.mark.parametrize("filler", ["x" * 262_145, "\x01" * 100_000])
def test_a_draft_that_is_too_large_is_refused(desk: Desk, filler: str) -> None:
    made = desk.make()
    with pytest.raises(TooLarge):
        keep_draft(desk.editor, made.id, {"name": filler}, table=desk.table, models=MODELS)


def test_the_last_draft_wins_unless_a_revision_is_named(desk: Desk) -> None:
    made, table = desk.make(), desk.table
    first = keep_draft(desk.editor, made.id, {"name": "1"}, table=table, models=MODELS)
    second = keep_draft(desk.editor, made.id, {"name": "2"}, table=table, models=MODELS)
    assert second.revision == first.revision + 1
    for stale in (first.revision, 1):
        with pytest.raises(RevisionConflict) as refused:
            keep_draft(
                desk.editor, made.id, {"name": "3"}, if_revision=stale, table=table, models=MODELS
            )
        assert refused.value.current == second.revision
        with pytest.raises(RevisionConflict):
            delete_draft(desk.editor, made.id, if_revision=stale, table=table, models=MODELS)
        with pytest.raises(RevisionConflict):
            publish(desk, made.id, if_revision=stale)
    third = keep_draft(
        desk.editor, made.id, {"name": "3"}, if_revision=second.revision, table=table, models=MODELS
    )
    assert third.document == {"name": "3"}


def test_a_new_draft_has_no_revision_that_an_old_one_had(desk: Desk) -> None:
    made, table = desk.make(), desk.table
    old = keep_draft(desk.editor, made.id, {"name": "1"}, table=table, models=MODELS)
    delete_draft(desk.editor, made.id, table=table, models=MODELS)
    with pytest.raises(RevisionConflict):
        keep_draft(
            desk.editor,
            made.id,
            {"name": "2"},
            if_revision=old.revision,
            table=table,
            models=MODELS,
        )


def test_a_draft_is_thrown_away_and_the_workflow_stays(desk: Desk) -> None:
    made, table = desk.make(), desk.table
    kept = keep_draft(desk.editor, made.id, BROKEN, table=table, models=MODELS)
    assert (
        delete_draft(desk.editor, made.id, if_revision=kept.revision, table=table, models=MODELS)
        == kept
    )
    for attempt in (get_draft, delete_draft):
        with pytest.raises(NotFound, match="draft"):
            attempt(desk.editor, made.id, table=table, models=MODELS)
    assert get_workflow(desk.editor, made.id, table=table) == made


def test_a_published_draft_is_the_next_version_and_no_draft_any_more(desk: Desk) -> None:
    made = desk.make()
    keep_draft(desk.editor, made.id, simple(timeout="2h"), table=desk.table, models=MODELS)
    published = publish(desk, made.id, message="More time.")
    assert (published.version, published.message) == ("1.0.1", "More time.")
    assert [kind for kind, _ in desk.events(made.id)[2:]] == [
        "workflow.version.created",
        "workflow.published",
    ]
    with pytest.raises(NotFound, match="draft"):
        publish(desk, made.id)


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({}, "1.5.0"),
        ({"bump": "major"}, "2.0.0"),
        ({"version": "1.7.0"}, "1.7.0"),
    ],
)
def test_what_is_asked_for_when_publishing_counts_for_more_than_the_document(
    desk: Desk, asked: dict[str, str], number: str
) -> None:
    made = desk.make()
    keep_draft(
        desk.editor, made.id, simple(timeout="2h", version="1.5.0"), table=desk.table, models=MODELS
    )
    assert publish(desk, made.id, **asked).version == number


def test_a_draft_that_is_not_fit_stays_a_draft(desk: Desk) -> None:
    made = desk.make()
    keep_draft(desk.editor, made.id, BROKEN, table=desk.table, models=MODELS)
    with pytest.raises(DocumentInvalid):
        publish(desk, made.id)
    keep_draft(desk.editor, made.id, simple(), table=desk.table, models=MODELS)
    with pytest.raises(Conflict, match="Nothing changed"):
        publish(desk, made.id)
    with pytest.raises(Invalid, match="not both"):
        publish(desk, made.id, version="2.0.0", bump="major")
    assert get_draft(desk.editor, made.id, table=desk.table, models=MODELS).valid


def test_a_workflow_can_begin_with_a_draft_and_cannot_run_before_it_is_published(
    desk: Desk,
) -> None:
    draft = begin_draft(desk.editor, BROKEN, table=desk.table, models=MODELS)
    assert (draft.status, draft.valid) == ("draft", False)
    [summary] = list_workflows(desk.editor, table=desk.table).items
    assert (summary.id, summary.name, summary.status) == (draft.id, "Unfinished", "draft")
    assert (summary.version, summary.latest) == (None, None)
    with pytest.raises(Unpublished):
        get_workflow(desk.editor, draft.id, table=desk.table)
    with pytest.raises(Unpublished):
        resolve_workflow(desk.editor.workspace, draft.id, table=desk.table)
    keep_draft(desk.editor, draft.id, simple(name="Finished"), table=desk.table, models=MODELS)
    assert list_workflows(desk.editor, table=desk.table).items[0].name == "Finished"
    published = publish(desk, draft.id)
    assert (published.version, published.status, published.name) == (
        "1.0.0",
        "published",
        "Finished",
    )
    assert resolve_workflow(desk.editor.workspace, draft.id, table=desk.table).version == "1.0.0"


def test_a_first_version_takes_a_number_and_no_bump(desk: Desk) -> None:
    draft = begin_draft(desk.editor, simple(), table=desk.table, models=MODELS)
    with pytest.raises(Invalid, match="none before it"):
        publish(desk, draft.id, bump="minor")
    assert publish(desk, draft.id, version="0.1.0").version == "0.1.0"


@pytest.mark.parametrize("name", [None, "", "two\nlines", 7])
def test_a_workflow_begins_with_a_name(desk: Desk, name: Any) -> None:
    document = {"steps": []} if name is None else {"name": name}
    with pytest.raises(DocumentInvalid) as refused:
        begin_draft(desk.editor, document, table=desk.table, models=MODELS)
    assert [problem.at for problem in refused.value.problems] == ["/name"]


def test_a_draft_without_a_good_name_leaves_the_name_in_the_list(desk: Desk) -> None:
    draft = begin_draft(desk.editor, {"name": "Good"}, table=desk.table, models=MODELS)
    keep_draft(desk.editor, draft.id, {"name": ""}, table=desk.table, models=MODELS)
    assert list_workflows(desk.editor, table=desk.table).items[0].name == "Good"


def test_without_its_draft_a_workflow_that_has_no_version_is_gone(desk: Desk) -> None:
    draft = begin_draft(desk.editor, {"name": "Gone"}, table=desk.table, models=MODELS)
    delete_draft(desk.editor, draft.id, table=desk.table, models=MODELS)
    assert list_workflows(desk.editor, table=desk.table).items == ()
    with pytest.raises(NotFound, match="workflow"):
        get_draft(desk.editor, draft.id, table=desk.table, models=MODELS)
    assert desk.events(draft.id)[-1] == ("workflow.deleted", {})


def test_the_draft_of_an_archived_workflow_can_be_read_only(desk: Desk) -> None:
    made, table = desk.make(), desk.table
    keep_draft(desk.editor, made.id, simple(timeout="2h"), table=table, models=MODELS)
    archive_workflow(desk.editor, made.id, table=table)
    assert get_draft(desk.editor, made.id, table=table, models=MODELS).status == "archived"
    attempts: list[Any] = [
        lambda: keep_draft(desk.editor, made.id, BROKEN, table=table, models=MODELS),
        lambda: delete_draft(desk.editor, made.id, table=table, models=MODELS),
        lambda: publish(desk, made.id),
    ]
    for attempt in attempts:
        with pytest.raises(Archived):
            attempt()


def test_a_draft_that_changed_while_it_was_published_is_not_published(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = desk.make()
    keep_draft(desk.editor, made.id, simple(timeout="2h"), table=desk.table, models=MODELS)
    later = simple(steps=[transform("shout", "later")])

    def publish_slowly(machine: Any) -> None:
        monkeypatch.undo()
        keep_draft(desk.editor, made.id, later, table=desk.table, models=MODELS)

    monkeypatch.setattr(desk.orchestrator, "publish", publish_slowly)
    with pytest.raises(RevisionConflict):
        publish(desk, made.id)
    assert get_workflow(desk.editor, made.id, table=desk.table).latest == "1.0.0"
    assert get_draft(desk.editor, made.id, table=desk.table, models=MODELS).document == later


def test_who_may_only_look_keeps_no_draft(desk: Desk) -> None:
    made, viewer = desk.make(), desk.as_a(Role.VIEWER)
    with pytest.raises(Forbidden):
        keep_draft(viewer, made.id, simple(), table=desk.table, models=MODELS)
    with pytest.raises(Forbidden):
        begin_draft(viewer, simple(), table=desk.table, models=MODELS)
