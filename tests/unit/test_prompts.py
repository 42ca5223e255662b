"""Making, reading, listing, changing and forking prompts."""

import json
from typing import Any

import pytest

from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Role
from promptpilot.domain.prompt_document import ForkDraft, PromptPatch
from promptpilot.errors import (
    DocumentInvalid,
    Forbidden,
    Invalid,
    NotFound,
    RevisionConflict,
    TemplateInvalid,
)
from promptpilot.services.prompts.documents import (
    PromptFilters,
    create_prompt,
    fork_prompt,
    get_prompt,
    list_prompts,
    update_prompt,
)
from promptpilot.services.prompts.labels import move_label
from tests.fakes import MODELS, MemoryTable
from tests.unit.prompt_world import changed, draft, made, someone, text_prompt


def events(table: MemoryTable) -> list[dict[str, Any]]:
    return [json.loads(item.body) for item in table.of_kind("outbox")]


def test_a_prompt_is_read_as_it_was_made() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    assert get_prompt(principal, document.id, table=table) == document
    assert (document.version, document.revision, document.labels) == ("1.0.0", 1, {})
    assert document.author == principal.user


@pytest.mark.parametrize("first", ["0.1.0", "1.2.0", "20261124.0.0"])
def test_the_first_version_may_be_any(first: str) -> None:
    assert made(someone(), MemoryTable(), version=first).version == first


def test_making_a_prompt_tells_of_it_in_the_same_transaction() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    told = {event["type"]: event for event in events(table)}
    assert set(told) == {"prompt.created", "prompt.version.created"}
    created = told["prompt.version.created"]
    assert (created["subject"], created["actor"]) == (document.id, principal.user)
    assert created["data"] == {"version": "1.0.0", "digest": document.digest}


def test_texts_and_declaration_that_disagree_are_refused_with_both_lists() -> None:
    table = MemoryTable()
    with pytest.raises(DocumentInvalid) as refused:
        text_prompt(someone(), table, "{{ a }} {{ b }}", "b", "c", "d")
    error = refused.value
    assert error.reason == "Used but not declared: a. Declared but not used: c, d."
    assert [(problem.at, problem.code) for problem in error.problems] == [
        ("/variables", "variable_not_declared"),
        ("/variables/1", "variable_not_used"),
        ("/variables/2", "variable_not_used"),
    ]
    assert table.of_kind("prompt") == []


def test_a_variable_may_be_used_in_any_of_the_messages() -> None:
    messages = [
        {"role": "system", "content": "In {{ language }}."},
        {"role": "user", "content": "{{ text }}"},
    ]
    made(someone(), MemoryTable(), content=None, messages=messages, variables=["text", "language"])


def test_a_broken_message_is_refused_with_its_place() -> None:
    messages = [{"role": "system", "content": "ok"}, {"role": "user", "content": "a\n{{ b"}]
    with pytest.raises(TemplateInvalid) as refused:
        made(someone(), MemoryTable(), content=None, messages=messages)
    assert (refused.value.template, refused.value.line, refused.value.column) == (
        "messages/1",
        2,
        1,
    )


@pytest.mark.parametrize(
    ("schema", "at"),
    [
        ({"type": "nonsense"}, "/output_schema/type"),
        ({"properties": {"a": {"minimum": "x"}}}, "/output_schema/properties/a/minimum"),
        ({"$ref": "https://example.com/schema"}, "/output_schema/$ref"),
        ({"properties": {"a/b": {"$ref": "other.json"}}}, "/output_schema/properties/a~1b/$ref"),
        ({"description": "x" * 70_000}, "/output_schema"),
        ({"properties": {"a": {"pattern": "("}}}, "/output_schema/properties/a/pattern"),
    ],
)
def test_an_output_schema_that_is_none_is_refused(schema: dict[str, Any], at: str) -> None:
    with pytest.raises(DocumentInvalid) as refused:
        made(someone(), MemoryTable(), output_schema=schema)
    assert [problem.at for problem in refused.value.problems] == [at]


def test_an_output_schema_may_point_into_itself() -> None:
    schema = {"$defs": {"s": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/s"}}}
    assert made(someone(), MemoryTable(), output_schema=schema).output_schema == schema


def test_equal_contents_have_equal_digests_whoever_wrote_them() -> None:
    table = MemoryTable()
    one = made(someone(), table, message="first")
    two = made(someone(), table, name="Another", message="second", folder="x")
    other = made(someone(), table, content="{{notes}}")
    assert one.digest == two.digest != other.digest


def test_a_prompt_of_another_workspace_is_not_there() -> None:
    table, owner, stranger = MemoryTable(), someone(), someone()
    document = made(owner, table)
    for attempt in (
        lambda: get_prompt(stranger, document.id, table=table),
        lambda: get_prompt(stranger, document.id, version="1.0.0", table=table),
        lambda: update_prompt(stranger, document.id, PromptPatch(name="Mine"), table=table),
        lambda: changed(stranger, document.id, table, content="{{notes}}!"),
        lambda: move_label(stranger, document.id, "production", "1.0.0", table=table),
        lambda: fork_prompt(stranger, document.id, ForkDraft(), table=table),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert list_prompts(stranger, filters=PromptFilters(), table=table).items == ()


@pytest.mark.parametrize(
    "id", ["", "prompt_123", "workflow_01J00000000000000000000000", "x" * 5000, "../META", "\ud800"]
)
def test_what_is_no_id_is_not_found(id: str) -> None:
    with pytest.raises(NotFound):
        get_prompt(someone(), id, table=MemoryTable())


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RUNNER])
def test_those_who_may_only_read_change_nothing(role: Role) -> None:
    table, owner = MemoryTable(), someone()
    document = made(owner, table)
    reader = someone(role, workspace=owner.workspace)
    assert get_prompt(reader, document.id, table=table).id == document.id
    for attempt in (
        lambda: create_prompt(reader, draft(), table=table, models=MODELS),
        lambda: update_prompt(reader, document.id, PromptPatch(name="Mine"), table=table),
        lambda: changed(reader, document.id, table, content="{{notes}}!"),
        lambda: move_label(reader, document.id, "production", "1.0.0", table=table),
        lambda: fork_prompt(reader, document.id, ForkDraft(), table=table),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_a_patch_changes_what_it_names_and_nothing_else() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table, folder="a")
    patched = update_prompt(
        principal, document.id, PromptPatch.model_validate({"name": "New"}), table=table
    )
    assert (patched.name, patched.folder, patched.metadata) == ("New", "a", document.metadata)
    assert (patched.revision, patched.version, patched.digest) == (2, "1.0.0", document.digest)
    patched = update_prompt(
        principal,
        document.id,
        PromptPatch.model_validate({"folder": None, "metadata": {"tags": ["x"]}}),
        table=table,
    )
    assert patched.folder is None
    assert patched.metadata.model_dump(mode="json") == {"tags": ["x"]}
    assert get_prompt(principal, document.id, table=table) == patched


def test_a_patch_that_changes_nothing_writes_nothing() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    patch = PromptPatch.model_validate({"name": document.name})
    assert update_prompt(principal, document.id, patch, table=table).revision == 1
    assert {event["type"] for event in events(table)} == {
        "prompt.created",
        "prompt.version.created",
    }


@pytest.mark.parametrize("field", ["name", "metadata"])
def test_a_name_and_metadata_cannot_be_taken_away(field: str) -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    patch = PromptPatch.model_validate({field: None})
    with pytest.raises(Invalid, match=field):
        update_prompt(principal, document.id, patch, table=table)


def test_a_patch_of_an_old_revision_is_told_the_current_one() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    update_prompt(principal, document.id, PromptPatch(name="New"), if_revision=1, table=table)
    with pytest.raises(RevisionConflict) as lost:
        update_prompt(principal, document.id, PromptPatch(name="Old"), if_revision=1, table=table)
    assert lost.value.current == 2
    assert get_prompt(principal, document.id, table=table).name == "New"


def test_prompts_are_listed_newest_first_page_by_page() -> None:
    table, principal = MemoryTable(), someone()
    names = [made(principal, table, name=f"Prompt {number}").name for number in range(7)]
    listed: list[str] = []
    after = None
    while True:
        page = list_prompts(principal, filters=PromptFilters(), limit=3, after=after, table=table)
        listed += [item.name for item in page.items]
        after = page.next
        if after is None:
            break
        assert len(page.items) == 3
    assert listed == names[::-1]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"One", "Two", "Three"}),
        ({"tag": "red"}, {"One", "Two"}),
        ({"tag": "red", "category": "x"}, {"One"}),
        ({"category": "z"}, set()),
        ({"q": "THR"}, {"Three"}),
        ({"q": "straße"}, {"Two"}),
        ({"folder": "team"}, {"One", "Three"}),
        ({"folder": "team/a"}, {"One"}),
        ({"folder": "tea"}, set()),
    ],
)
def test_filters_let_through_what_they_name(filters: dict[str, str], expected: set[str]) -> None:
    table, principal = MemoryTable(), someone()
    made(principal, table, name="One", folder="team/a", metadata={"tags": ["red"], "category": "x"})
    made(principal, table, name="Two", metadata={"tags": ["red"], "description": "STRASSE"})
    made(
        principal, table, name="Three", folder="team", metadata={"category": "x", "tags": ["blue"]}
    )
    page = list_prompts(principal, filters=PromptFilters.model_validate(filters), table=table)
    assert {item.name for item in page.items} == expected


def test_a_filtered_list_goes_on_where_it_stopped() -> None:
    table, principal = MemoryTable(), someone()
    for number in range(30):
        metadata = {"tags": ["even" if number % 2 == 0 else "odd"]}
        made(principal, table, name=f"{number}", metadata=metadata)
    found: list[str] = []
    after = None
    for _ in range(30):
        page = list_prompts(
            principal, filters=PromptFilters(tag="even"), limit=4, after=after, table=table
        )
        found += [item.name for item in page.items]
        after = page.next
        if after is None:
            break
    assert found == [str(number) for number in range(28, -1, -2)]


def test_a_listed_prompt_names_the_version_that_is_fetched() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    changed(principal, document.id, table, content="{{notes}}!")
    move_label(principal, document.id, "production", "1.0.0", table=table)
    (item,) = list_prompts(principal, filters=PromptFilters(), table=table).items
    assert (item.version, item.latest, item.revision) == ("1.0.0", "1.0.1", 3)
    assert get_prompt(principal, document.id, table=table).version == item.version


def test_a_fork_is_a_prompt_of_its_own_that_knows_where_it_is_from() -> None:
    table, principal = MemoryTable(), someone()
    source = made(principal, table, folder="a", version="3.1.4")
    fork = fork_prompt(principal, source.id, ForkDraft(), table=table)
    assert fork.id != source.id
    assert (fork.name, fork.version, fork.folder) == (f"{source.name} (fork)", "1.0.0", "a")
    assert fork.digest == source.digest
    assert fork.metadata == source.metadata
    assert fork.forked_from is not None
    assert fork.forked_from.model_dump() == {
        "prompt": source.id,
        "version": "3.1.4",
        "digest": source.digest,
    }
    assert fork.labels == {}
    changed(principal, fork.id, table, content="{{notes}}!")
    assert get_prompt(principal, source.id, table=table) == source
    assert get_prompt(principal, fork.id, table=table).forked_from == fork.forked_from


def test_a_fork_is_of_the_version_that_is_named() -> None:
    table, principal = MemoryTable(), someone()
    source = made(principal, table)
    changed(principal, source.id, table, content="{{notes}}!")
    fork = fork_prompt(principal, source.id, ForkDraft(version="1.0.0", name="Mine"), table=table)
    assert (fork.name, fork.digest) == ("Mine", source.digest)
    for wrong in (ForkDraft(version="9.9.9"), ForkDraft(label="nowhere")):
        with pytest.raises(NotFound):
            fork_prompt(principal, source.id, wrong, table=table)
    with pytest.raises(Invalid):
        fork_prompt(principal, source.id, ForkDraft(version="1.0.0", label="x"), table=table)


def test_a_fork_of_a_long_name_has_a_name_that_fits() -> None:
    table, principal = MemoryTable(), someone()
    source = made(principal, table, name="x" * 200)
    assert len(fork_prompt(principal, source.id, ForkDraft(), table=table).name) == 200


def test_ids_that_never_were_are_not_found() -> None:
    with pytest.raises(NotFound):
        get_prompt(someone(), new_id("prompt"), table=MemoryTable())
