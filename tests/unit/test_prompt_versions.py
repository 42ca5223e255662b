"""Making, listing, comparing and resolving versions of prompts."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from promptpilot.domain.prompt import PromptRef
from promptpilot.domain.prompt_document import PromptPatch
from promptpilot.domain.semver import Semver
from promptpilot.errors import (
    AlreadyExists,
    ConditionFailed,
    Conflict,
    Invalid,
    NotFound,
    RevisionConflict,
    TemplateInvalid,
    Unavailable,
    VersionBumpTooSmall,
)
from promptpilot.ports.table import Operation
from promptpilot.services.prompts.documents import get_prompt, update_prompt
from promptpilot.services.prompts.labels import move_label
from promptpilot.services.prompts.versions import (
    diff_versions,
    list_versions,
    load_version,
    resolve_ref,
)
from tests.fakes import MemoryTable
from tests.unit.prompt_world import changed, made, someone


def test_a_new_version_is_the_latest_with_what_was_changed() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table, model="local/m", settings={"temperature": 0.2})
    new = changed(principal, document.id, table, content="Now: {{notes}}", message="shorter")
    assert (new.version, new.latest, new.revision) == ("1.0.1", "1.0.1", 2)
    assert (new.content, new.message) == ("Now: {{notes}}", "shorter")
    assert (new.variables, new.model) == (document.variables, "local/m")
    assert new.settings.temperature == 0.2
    assert get_prompt(principal, document.id, version="1.0.1", table=table) == new
    old = get_prompt(principal, document.id, version="1.0.0", table=table)
    assert (old.content, old.digest) == (document.content, document.digest)


def test_null_takes_a_field_away() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table, model="local/m", output_schema={"type": "object"})
    assert changed(principal, document.id, table, model=None).model is None
    without = changed(principal, document.id, table, output_schema=None, bump="major")
    assert without.output_schema is None
    assert without.version == "2.0.0"


def test_a_text_may_become_messages_and_back() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    messages = [{"role": "user", "content": "{{notes}}"}]
    talk = changed(principal, document.id, table, messages=messages)
    assert (talk.content, len(talk.messages or ())) == (None, 1)
    text = changed(principal, document.id, table, content="{{notes}}")
    assert (text.content, text.messages) == ("{{notes}}", None)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"content": "{{notes}}"}, "1.2.4"),
        ({"content": "{{notes}}", "bump": "minor"}, "1.3.0"),
        ({"content": "{{notes}}", "version": "1.2.9"}, "1.2.9"),
        ({"content": "{{notes}}", "version": "3.0.1"}, "3.0.1"),
        ({"content": "{{other}}", "variables": ["other"]}, "2.0.0"),
        (
            {
                "content": "{{notes}}{% if x %}!{% endif %}",
                "variables": ["notes", {"name": "x", "required": False}],
            },
            "1.3.0",
        ),
    ],
)
def test_the_version_is_the_one_asked_for_or_the_smallest_legal(
    change: dict[str, Any], expected: str
) -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table, version="1.2.3")
    assert changed(principal, document.id, table, **change).version == expected


def test_too_small_a_version_is_refused_and_says_why() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    for way in ({"bump": "minor"}, {"version": "1.7.0"}):
        with pytest.raises(VersionBumpTooSmall) as refused:
            changed(principal, document.id, table, content="x", variables=[], **way)
        error = refused.value
        assert (error.required, error.minimum) == ("major", "2.0.0")
        assert error.reasons == ("The variable 'notes' was removed.",)
    assert get_prompt(principal, document.id, table=table).revision == 1


def test_versions_only_grow_from_the_latest() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table, version="1.2.0")
    changed(principal, document.id, table, content="{{notes}}", version="2.0.0")
    with pytest.raises(Invalid, match=r"greater than the latest, 2\.0\.0"):
        changed(principal, document.id, table, content="{{notes}}!", version="1.2.1")
    for existing in ("1.2.0", "2.0.0"):
        with pytest.raises(AlreadyExists):
            changed(principal, document.id, table, content="{{notes}}!", version=existing)


def test_a_version_and_a_bump_at_once_are_refused() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    with pytest.raises(Invalid, match="not both"):
        changed(principal, document.id, table, content="x", version="2.0.0", bump="major")


@pytest.mark.parametrize("change", [{}, {"message": "again"}, {"bump": "major"}])
def test_a_version_that_changes_nothing_is_refused(change: dict[str, Any]) -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    with pytest.raises(Conflict, match="Nothing changed"):
        changed(principal, document.id, table, **change)


def test_a_broken_template_changes_nothing() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    with pytest.raises(TemplateInvalid):
        changed(principal, document.id, table, content="{{ notes")
    assert get_prompt(principal, document.id, table=table) == document


def test_metadata_given_with_a_version_is_the_prompts() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    changed(principal, document.id, table, content="{{notes}}", metadata={"tags": ["new"]})
    old = get_prompt(principal, document.id, version="1.0.0", table=table)
    assert old.metadata.tags == ("new",)


def test_a_version_for_an_old_revision_is_told_the_current_one() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    changed(principal, document.id, table, content="{{notes}}", if_revision=1)
    with pytest.raises(RevisionConflict) as lost:
        changed(principal, document.id, table, content="{{notes}}!", if_revision=1)
    assert lost.value.current == 2


def run_at_once(calls: Sequence[Any]) -> None:
    ready = threading.Barrier(len(calls))

    def run(call: Any) -> None:
        ready.wait(timeout=30)
        call()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)


def test_sixteen_at_once_all_make_a_version_each_on_the_one_before() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    versions: list[str] = []

    def make(number: int) -> None:
        new = changed(principal, document.id, table, content=f"{{{{notes}}}} {number}")
        versions.append(new.version)

    run_at_once([lambda number=number: make(number) for number in range(16)])
    assert sorted(map(Semver.parse, versions)) == [Semver(1, 0, patch) for patch in range(1, 17)]
    latest = get_prompt(principal, document.id, table=table)
    assert (latest.version, latest.revision) == ("1.0.16", 17)
    assert len(list_versions(principal, document.id, table=table).items) == 17


def test_of_many_at_once_on_one_revision_exactly_one_wins() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    outcomes: list[str] = []

    def make(number: int) -> None:
        try:
            changed(principal, document.id, table, content=f"{{{{notes}}}} {number}", if_revision=1)
            outcomes.append("won")
        except RevisionConflict as lost:
            outcomes.append(f"lost to {lost.current}")

    run_at_once([lambda number=number: make(number) for number in range(8)])
    assert sorted(outcomes) == ["lost to 2"] * 7 + ["won"]


class ContestedTable(MemoryTable):
    """A table where another process changes the prompt before each of the first `races` writes."""

    def __init__(self) -> None:
        super().__init__()
        self.races = 0

    def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
        if self.races > 0:
            self.races -= 1
            raise ConditionFailed(operation=0)
        super().write(operations, durable=durable)


def test_races_lost_to_other_processes_are_run_again() -> None:
    table, principal = ContestedTable(), someone()
    document = made(principal, table)
    table.races = 3
    assert changed(principal, document.id, table, content="{{notes}}").version == "1.0.1"
    table.races = 1
    with pytest.raises(RevisionConflict):
        changed(principal, document.id, table, content="{{notes}}!", if_revision=2)


def test_races_that_are_always_lost_end() -> None:
    table, principal = ContestedTable(), someone()
    document = made(principal, table)
    table.races = 10_000
    with pytest.raises(Unavailable):
        changed(principal, document.id, table, content="{{notes}}")


def test_versions_are_listed_newest_first_with_their_labels() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table, version="1.9.0")
    changed(principal, document.id, table, content="{{notes}}", bump="minor")
    changed(principal, document.id, table, content="{{notes}}!", bump="major", message="big")
    move_label(principal, document.id, "production", "1.10.0", table=table)
    page = list_versions(principal, document.id, limit=2, table=table)
    assert [(item.version, item.labels) for item in page.items] == [
        ("2.0.0", ()),
        ("1.10.0", ("production",)),
    ]
    assert page.items[0].message == "big"
    rest = list_versions(principal, document.id, limit=2, after=page.next, table=table)
    assert [item.version for item in rest.items] == ["1.9.0"]
    assert rest.next is None


def test_two_versions_are_compared_in_the_order_named() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table, content="Be brief: {{notes}}")
    changed(principal, document.id, table, content="Be kind: {{notes}}")
    there = diff_versions(principal, document.id, "1.0.0", "1.0.1", table=table)
    back = diff_versions(principal, document.id, "1.0.1", "1.0.0", table=table)
    assert [(change.op, change.text) for change in there.content or ()][1] == ("delete", "brief")
    assert [(change.op, change.text) for change in back.content or ()][1] == ("delete", "kind")
    with pytest.raises(NotFound):
        diff_versions(principal, document.id, "1.0.0", "1.0.2", table=table)


@pytest.mark.parametrize("version", ["1.0.1", "9.9.9", "1.0", "latest", "production", "", "\ud800"])
def test_a_version_that_is_not_there_is_never_replaced_by_another(version: str) -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    with pytest.raises(NotFound):
        get_prompt(principal, document.id, version=version, table=table)


def test_a_reference_means_a_version() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    changed(principal, document.id, table, content="{{notes}}")

    def resolved(**ref: str) -> str:
        return resolve_ref(principal.workspace, PromptRef(**ref), table=table).version

    assert resolved(id=document.id) == "1.0.1"
    assert resolved(name=document.name) == "1.0.1"
    assert resolved(name=document.name, version="1.0.0") == "1.0.0"
    move_label(principal, document.id, "production", "1.0.0", table=table)
    assert resolved(id=document.id) == "1.0.0"
    assert resolved(id=document.id, label="latest") == "1.0.1"
    assert resolved(id=document.id, label="production") == "1.0.0"
    assert resolved(id=document.id, version="1.0.1") == "1.0.1"


@pytest.mark.parametrize(
    "ref",
    [
        {},
        {"id": "known", "name": "known"},
        {"id": "known", "version": "1.0.0", "label": "production"},
    ],
)
def test_a_reference_that_contradicts_itself_is_refused(ref: dict[str, str]) -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    known = {"id": document.id, "name": document.name}
    parts = {part: known[part] if value == "known" else value for part, value in ref.items()}
    with pytest.raises(Invalid):
        resolve_ref(principal.workspace, PromptRef(**parts), table=table)


def test_a_reference_to_what_is_not_there_is_not_found() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    for ref in (
        PromptRef(name="Unknown"),
        PromptRef(id="prompt_123"),
        PromptRef(id=document.id, label="nowhere"),
        PromptRef(name=document.name, version="2.0.0"),
    ):
        with pytest.raises(NotFound):
            resolve_ref(principal.workspace, ref, table=table)
    with pytest.raises(NotFound):
        resolve_ref(someone().workspace, PromptRef(id=document.id), table=table)


def test_a_name_that_several_prompts_have_is_refused_with_their_ids() -> None:
    table, principal = MemoryTable(), someone()
    one, two = made(principal, table), made(principal, table)
    with pytest.raises(Conflict) as refused:
        resolve_ref(principal.workspace, PromptRef(name=one.name), table=table)
    assert one.id in refused.value.reason
    assert two.id in refused.value.reason
    update_prompt(principal, two.id, PromptPatch(name="Renamed"), table=table)
    found = resolve_ref(principal.workspace, PromptRef(name=one.name), table=table)
    assert found.prompt_id == one.id
    found = resolve_ref(principal.workspace, PromptRef(name="Renamed"), table=table)
    assert found.prompt_id == two.id


def test_a_version_read_again_is_the_one_kept_in_memory() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    first = load_version(principal.workspace, document.id, "1.0.0", table=table)
    assert load_version(principal.workspace, document.id, "1.0.0", table=table) is first


def test_a_version_survives_the_store_unchanged() -> None:
    table, principal = MemoryTable(), someone()
    document = made(
        principal,
        table,
        variables=["notes", {"name": "n", "type": "integer", "default": 0, "enum": [0, 1]}],
        content="{{notes}}{{n}}",
        settings={"stop": ["x"], "seed": 7},
        output_schema={"type": "object", "properties": {"a": {"default": None}}},
    )
    kept = load_version(principal.workspace, document.id, "1.0.0", table=table)
    (item,) = table.of_kind("prompt_version")
    assert type(kept).model_validate_json(item.body) == kept
    assert kept.content_digest() == kept.digest
