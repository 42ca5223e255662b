"""Workflows: made whole or not at all, read at a version, listed newest first."""

import json
import random
from typing import Any

import pytest

from promptpilot.compiler.reading import read_document
from promptpilot.domain.event import EventType
from promptpilot.domain.permissions import Role
from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt_document import PromptDocument
from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.domain.workflow_record import WorkflowRecord
from promptpilot.domain.workflow_steps import PromptStep, WorkflowStep
from promptpilot.errors import DocumentInvalid, Forbidden, Invalid, NotFound, TooLarge, Unavailable
from promptpilot.ports.orchestrator import Machine
from promptpilot.ports.table import Index
from promptpilot.services.workflows.documents import (
    create_workflow,
    get_asl,
    get_workflow,
    list_workflows,
)
from promptpilot.services.workflows.versions import load_workflow_version, resolve_workflow
from promptpilot.step_errors import StepInvalid
from tests.fakes import MODELS, MemoryTable
from tests.unit.prompt_world import made, someone
from tests.unit.workflow_samples import transform, workflow
from tests.unit.world import RecordingOrchestrator


class Place:
    """An editor's workspace with one prompt."""

    def __init__(self) -> None:
        self.table = MemoryTable()
        self.orchestrator = RecordingOrchestrator()
        self.editor = someone(Role.EDITOR)
        self.prompt: PromptDocument = made(self.editor, self.table)

    def document(self, **fields: Any) -> dict[str, Any]:
        step = {
            "id": "summarize",
            "kind": "prompt",
            "prompt": {"id": self.prompt.id},
            "with": {"notes": "{% $input.notes %}"},
            "settings": {"temperature": 0.5},
            "timeout": "2m",
        }
        return workflow(step, output="{% $summarize.output %}", **fields)

    def create(self, document: Any = None, principal: Principal | None = None) -> WorkflowRecord:
        return create_workflow(
            principal or self.editor,
            self.document() if document is None else document,
            table=self.table,
            models=MODELS,
            orchestrator=self.orchestrator,
        )

    def kinds(self) -> list[str]:
        workspace = self.editor.workspace
        heads = self.table.query(f"{workspace}/workflows", index=Index.GSI1).items
        return [item.kind for item in heads]


@pytest.fixture
def place() -> Place:
    return Place()


def test_a_workflow_is_read_as_it_was_written_with_what_is_known_of_it(place: Place) -> None:
    created = place.create()
    found = get_workflow(place.editor, created.id, table=place.table)
    assert found == created
    record = json.loads(found.model_dump_json())
    assert {name: record[name] for name in place.document()} == place.document()
    assert record["version"] == record["latest"] == "1.0.0"
    assert record["bounds"]["model_calls"] == 3
    assert record["revision"] == 1
    assert record["owner"] == place.editor.user
    assert "description" not in record


def test_the_machine_is_published_and_can_be_read(place: Place) -> None:
    created = place.create()
    [machine] = place.orchestrator.published.values()
    assert (machine.workspace, machine.workflow) == (place.editor.workspace, created.id)
    assert (machine.version, machine.digest) == ("1.0.0", created.digest)
    assert get_asl(place.editor, created.id, table=place.table) == machine.asl
    assert list(machine.asl["States"]) == ["summarize"]


def test_a_version_read_from_the_table_is_what_was_kept(place: Place) -> None:
    created = place.create()
    workspace = place.editor.workspace
    found = load_workflow_version(workspace, created.id, "1.0.0", table=place.table)
    again = load_workflow_version(workspace, created.id, "1.0.0", table=place.table)
    assert found is again
    assert found.asl == next(iter(place.orchestrator.published.values())).asl
    assert (found.digest, found.bounds) == (created.digest, created.bounds)


def test_the_worker_finds_a_steps_configuration_by_its_path(place: Place) -> None:
    created = place.create()
    version = resolve_workflow(place.editor.workspace, created.id, table=place.table)
    step = version.job_step("summarize", PromptStep)
    assert step.timeout_seconds == 120
    assert step.settings is not None
    assert step.settings.model_dump(exclude_unset=True) == {"temperature": 0.5}
    assert step.prompt.id == place.prompt.id
    assert list(version.prompt_steps) == ["summarize"]
    with pytest.raises(StepInvalid):
        version.job_step("other", PromptStep)
    with pytest.raises(StepInvalid):
        version.job_step("summarize", WorkflowStep)


def test_a_document_already_parsed_is_taken_too(place: Place) -> None:
    parsed = WorkflowDocument.model_validate(place.document())
    assert place.create(parsed).digest == place.create().digest


def test_a_document_in_yaml_is_taken(place: Place) -> None:
    text = f"""
    name: Follow-up
    version: 2.1.0
    message: first
    steps:
      - id: summarize
        kind: prompt
        prompt: {{id: {place.prompt.id}}}
        with:
          notes: "{{% $input.notes %}}"
        retry:
          on: [ModelTimeout]
    """
    created = place.create(read_document(text, yaml=True))
    assert (created.version, created.message) == ("2.1.0", "first")


def test_events_tell_of_the_new_workflow_and_of_its_version(place: Place) -> None:
    created = place.create()
    items = place.table.query(f"{place.editor.workspace}/outbox/{created.id}").items
    new, version = (json.loads(item.body) for item in items)
    assert (new["type"], new["data"]) == (EventType.WORKFLOW_CREATED, {})
    assert version["type"] == EventType.WORKFLOW_VERSION_CREATED
    assert version["data"] == {"version": "1.0.0", "digest": created.digest}
    assert new["actor"] == version["actor"] == place.editor.user


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ({"id": "prompt_00000000000000000000000000"}, "prompt_unknown"),
        ({"id": "nothing"}, "prompt_unknown"),
        ({"name": "Nothing"}, "prompt_unknown"),
        ({"name": "Summarize Meeting Notes", "label": "nothing"}, "prompt_unknown"),
        ({"name": "Summarize Meeting Notes", "version": "9.9.9"}, "prompt_unknown"),
        ({"name": "x", "id": "y"}, "prompt_invalid"),
        ({}, "prompt_invalid"),
        (
            {"name": "Summarize Meeting Notes", "version": "1.0.0", "label": "production"},
            "prompt_invalid",
        ),
    ],
)
def test_a_prompt_that_is_not_there_is_told_with_everything_else(
    place: Place, prompt: Any, code: str
) -> None:
    step = {"id": "a", "kind": "prompt", "prompt": prompt, "timeout": "1y"}
    with pytest.raises(DocumentInvalid) as refused:
        place.create(workflow(step, transform("b", "{% $c %}")))
    assert [(problem.at, problem.code) for problem in refused.value.problems] == [
        ("/steps/0/prompt", code),
        ("/steps/0/timeout", "duration_invalid"),
        ("/steps/1/value", "variable_unknown"),
    ]


def test_two_prompts_of_one_name_are_told_apart_by_id_only(place: Place) -> None:
    made(place.editor, place.table)
    step = {"id": "a", "kind": "prompt", "prompt": {"name": "Summarize Meeting Notes"}}
    with pytest.raises(DocumentInvalid) as refused:
        place.create(workflow(step))
    [problem] = refused.value.problems
    assert problem.code == "prompt_invalid"
    assert place.prompt.id in problem.message


def test_the_variables_are_held_against_the_prompt_as_it_is_now(place: Place) -> None:
    document = place.document()
    document["steps"][0]["with"] = {"note": "x"}
    with pytest.raises(DocumentInvalid) as refused:
        place.create(document)
    assert [(problem.at, problem.code) for problem in refused.value.problems] == [
        ("/steps/0/with/note", "prompt_variable_unknown"),
        ("/steps/0/with/notes", "prompt_variable_missing"),
    ]


def test_a_prompt_of_another_workspace_is_not_found(place: Place) -> None:
    stranger = someone(Role.EDITOR)
    with pytest.raises(DocumentInvalid) as refused:
        place.create(principal=stranger)
    assert [problem.code for problem in refused.value.problems] == ["prompt_unknown"]


def test_a_refused_workflow_leaves_nothing_behind(place: Place) -> None:
    with pytest.raises(DocumentInvalid):
        place.create(workflow(transform("a", "{% $b %}")))
    assert place.kinds() == []
    assert place.orchestrator.published == {}


def test_a_workflow_whose_machine_cannot_be_published_is_not_kept(place: Place) -> None:
    class Away(RecordingOrchestrator):
        def publish(self, machine: Machine) -> None:
            raise Unavailable

    with pytest.raises(Unavailable):
        create_workflow(
            place.editor, place.document(), table=place.table, models=MODELS, orchestrator=Away()
        )
    assert place.kinds() == []


def test_a_workflow_that_fits_no_item_is_refused_and_not_published(place: Place) -> None:
    some = random.Random(7)
    noise = "".join(chr(0x4E00 + some.randrange(20_000)) for _ in range(80_000))
    with pytest.raises(TooLarge) as refused:
        place.create(workflow(transform("a", noise), transform("b", 1)))
    assert "state machine" in refused.value.what
    assert place.orchestrator.published == {}


def test_a_large_workflow_fits_as_its_machine_is_compressed(place: Place) -> None:
    text = "All work and no play makes a dull workflow. " * 5_000
    created = place.create(workflow(transform("a", text), transform("b", "{% $a %}")))
    asl = get_asl(place.editor, created.id, table=place.table)
    assert asl["States"]["a"]["Assign"]["a"] == text


def test_a_version_or_a_label_can_be_named_but_not_both(place: Place) -> None:
    created = place.create()
    read = {"table": place.table}
    assert get_workflow(place.editor, created.id, version="1.0.0", **read) == created
    assert get_workflow(place.editor, created.id, label="latest", **read) == created
    with pytest.raises(Invalid):
        get_workflow(place.editor, created.id, version="1.0.0", label="latest", **read)
    with pytest.raises(Invalid):
        get_asl(place.editor, created.id, version="1.0.0", label="latest", **read)


@pytest.mark.parametrize(
    "named", [{"version": "1.0.1"}, {"version": "nonsense"}, {"label": "production"}]
)
def test_what_is_not_there_is_not_found(place: Place, named: dict[str, str]) -> None:
    created = place.create()
    with pytest.raises(NotFound):
        get_workflow(place.editor, created.id, table=place.table, **named)
    with pytest.raises(NotFound):
        get_asl(place.editor, created.id, table=place.table, **named)


@pytest.mark.parametrize("id", ["workflow_00000000000000000000000000", "x", "", "../x"])
def test_a_workflow_that_does_not_exist_is_not_found(place: Place, id: str) -> None:
    with pytest.raises(NotFound):
        get_workflow(place.editor, id, table=place.table)
    with pytest.raises(NotFound):
        load_workflow_version(place.editor.workspace, id, "1.0.0", table=place.table)


def test_a_workflow_of_another_workspace_is_not_found_nor_listed(place: Place) -> None:
    created = place.create()
    stranger = someone()
    with pytest.raises(NotFound):
        get_workflow(stranger, created.id, table=place.table)
    with pytest.raises(NotFound):
        get_asl(stranger, created.id, table=place.table)
    assert list_workflows(stranger, table=place.table).items == ()


def test_workflows_are_listed_newest_first_a_page_at_a_time(place: Place) -> None:
    made_ones = [place.create(place.document(name=f"W{n}", description=f"d{n}")) for n in range(3)]
    first = list_workflows(place.editor, limit=2, table=place.table)
    assert [item.name for item in first.items] == ["W2", "W1"]
    assert first.items[0].id == made_ones[2].id
    assert (first.items[0].description, first.items[0].version) == ("d2", "1.0.0")
    rest = list_workflows(place.editor, limit=2, after=first.next, table=place.table)
    assert [item.name for item in rest.items] == ["W0"]


def test_who_may_only_look_or_run_makes_no_workflow(place: Place) -> None:
    created = place.create()
    for role in (Role.VIEWER, Role.RUNNER):
        principal = Principal(place.editor.user, place.editor.workspace, role)
        with pytest.raises(Forbidden):
            place.create(principal=principal)
        assert get_workflow(principal, created.id, table=place.table) == created
