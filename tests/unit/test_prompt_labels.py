import json

import pytest

from promptpilot.domain.permissions import Role
from promptpilot.errors import Conflict, Forbidden, Invalid, NotFound, RevisionConflict
from promptpilot.services.prompts.documents import get_prompt
from promptpilot.services.prompts.labels import delete_label, move_label
from tests.fakes import MemoryTable
from tests.unit.prompt_world import changed, made, someone


def test_a_label_points_where_it_was_moved() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    changed(principal, document.id, table, content="{{notes}}")
    moved = move_label(principal, document.id, "production", "1.0.1", table=table)
    assert (moved.version, moved.labels, moved.revision) == ("1.0.1", {"production": "1.0.1"}, 3)
    back = move_label(principal, document.id, "production", "1.0.0", table=table)
    assert back.labels == {"production": "1.0.0"}
    assert get_prompt(principal, document.id, label="production", table=table).version == "1.0.0"


def test_production_is_what_is_fetched_where_nothing_is_named_and_latest_always_is_the_newest() -> (
    None
):
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    changed(principal, document.id, table, content="{{notes}}")
    assert get_prompt(principal, document.id, table=table).version == "1.0.1"
    move_label(principal, document.id, "production", "1.0.0", table=table)
    assert get_prompt(principal, document.id, table=table).version == "1.0.0"
    assert get_prompt(principal, document.id, label="latest", table=table).version == "1.0.1"
    deleted = delete_label(principal, document.id, "production", table=table)
    assert (deleted.version, deleted.labels) == ("1.0.1", {})


def test_a_version_and_a_label_at_once_are_refused() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    with pytest.raises(Invalid, match="not both"):
        get_prompt(principal, document.id, version="1.0.0", label="latest", table=table)


@pytest.mark.parametrize("label", ["nowhere", "1.0.0", "", "Production", "\ud800"])
def test_an_unknown_label_is_never_replaced_by_another(label: str) -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    move_label(principal, document.id, "production", "1.0.0", table=table)
    with pytest.raises(NotFound):
        get_prompt(principal, document.id, label=label, table=table)


@pytest.mark.parametrize(
    "name",
    ["latest", "1.0.0", "1", "v 1", "Production", "", "-x", "x" * 65, "a/b", "ü", "a\n", "\ud800"],
)
def test_a_name_that_no_label_can_have_is_refused(name: str) -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    with pytest.raises(Invalid):
        move_label(principal, document.id, name, "1.0.0", table=table)


@pytest.mark.parametrize("name", ["production", "staging", "v1.2.0", "a", "eu-west_1.blue"])
def test_any_other_name_can_be_a_label(name: str) -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    move_label(principal, document.id, name, "1.0.0", table=table)
    assert get_prompt(principal, document.id, label=name, table=table).version == "1.0.0"


@pytest.mark.parametrize("version", ["1.0.1", "latest", "staging", "x"])
def test_a_label_cannot_point_to_what_is_no_version_of_the_prompt(version: str) -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    with pytest.raises(NotFound):
        move_label(principal, document.id, "production", version, table=table)


def test_moving_a_label_to_where_it_is_writes_nothing() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    first = move_label(principal, document.id, "staging", "1.0.0", table=table)
    assert move_label(principal, document.id, "staging", "1.0.0", table=table) == first


def test_moves_and_deletions_are_told() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    changed(principal, document.id, table, content="{{notes}}")
    move_label(principal, document.id, "staging", "1.0.0", table=table)
    move_label(principal, document.id, "staging", "1.0.1", table=table)
    delete_label(principal, document.id, "staging", table=table)
    told = [json.loads(item.body) for item in table.of_kind("outbox")]
    data = [(each["type"], each["data"]) for each in told if "label" in each["type"]]
    assert data == [
        ("prompt.label.moved", {"label": "staging", "before": None, "version": "1.0.0"}),
        ("prompt.label.moved", {"label": "staging", "before": "1.0.0", "version": "1.0.1"}),
        ("prompt.label.deleted", {"label": "staging", "before": "1.0.1"}),
    ]


def test_only_admins_move_or_delete_a_protected_label() -> None:
    table, owner = MemoryTable(), someone()
    editor = someone(Role.EDITOR, workspace=owner.workspace)
    admin = someone(Role.ADMIN, workspace=owner.workspace)
    document = made(owner, table)
    changed(editor, document.id, table, content="{{notes}}")
    move_label(editor, document.id, "production", "1.0.0", table=table)
    guarded = move_label(admin, document.id, "production", "1.0.0", protected=True, table=table)
    assert guarded.protected_labels == ("production",)
    for attempt in (
        lambda: move_label(editor, document.id, "production", "1.0.1", table=table),
        lambda: move_label(
            editor, document.id, "production", "1.0.1", protected=False, table=table
        ),
        lambda: delete_label(editor, document.id, "production", table=table),
    ):
        with pytest.raises(Forbidden):
            attempt()
    move_label(editor, document.id, "staging", "1.0.1", table=table)
    moved = move_label(admin, document.id, "production", "1.0.1", table=table)
    assert moved.protected_labels == ("production",)
    freed = move_label(admin, document.id, "production", "1.0.1", protected=False, table=table)
    assert freed.protected_labels == ()
    assert move_label(editor, document.id, "production", "1.0.0", table=table).version == "1.0.0"


def test_only_admins_protect_a_label() -> None:
    table, editor = MemoryTable(), someone(Role.EDITOR)
    document = made(editor, table)
    with pytest.raises(Forbidden):
        move_label(editor, document.id, "production", "1.0.0", protected=True, table=table)
    assert move_label(
        editor, document.id, "production", "1.0.0", protected=False, table=table
    ).labels == {"production": "1.0.0"}


def test_a_deleted_label_is_no_longer_protected() -> None:
    table, owner = MemoryTable(), someone()
    document = made(owner, table)
    move_label(owner, document.id, "production", "1.0.0", protected=True, table=table)
    assert delete_label(owner, document.id, "production", table=table).protected_labels == ()
    with pytest.raises(NotFound):
        delete_label(owner, document.id, "production", table=table)


def test_a_label_of_an_old_revision_stays_where_it_is() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    move_label(principal, document.id, "staging", "1.0.0", if_revision=1, table=table)
    with pytest.raises(RevisionConflict) as lost:
        delete_label(principal, document.id, "staging", if_revision=1, table=table)
    assert lost.value.current == 2
    assert delete_label(principal, document.id, "staging", if_revision=2, table=table).labels == {}


def test_labels_are_bounded() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    for number in range(100):
        move_label(principal, document.id, f"label{number}", "1.0.0", table=table)
    with pytest.raises(Conflict, match="100"):
        move_label(principal, document.id, "one-more", "1.0.0", table=table)
    move_label(principal, document.id, "label7", "1.0.0", table=table)
