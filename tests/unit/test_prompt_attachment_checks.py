"""What is attached is checked when a prompt or a workflow is saved."""

from typing import Any

import pytest

from promptpilot.domain.model_profile import ModelProfile
from promptpilot.errors import DocumentInvalid, Problem
from promptpilot.services.prompts.documents import create_prompt
from promptpilot.services.workflows.checks import check_workflow
from tests.fakes import MODELS, MemoryTable, ScriptedModel, ScriptedModels
from tests.unit.attaching import IMAGE, PHOTO, SLOT, document, say
from tests.unit.prompt_world import draft, made, someone, version
from tests.unit.workflow_samples import compiled, places, prompt_step
from tests.unit.workflow_world import Desk, workflow


def refused(*messages: dict[str, Any], variables: Any = (PHOTO,)) -> list[tuple[str, str]]:
    with pytest.raises(DocumentInvalid) as error:
        made(someone(), MemoryTable(), **document(*messages, variables=variables))
    return [(each.at, each.code) for each in error.value.problems]


class TestSaving:
    def test_a_document_is_read_as_it_was_written(self) -> None:
        messages = [say("One.", IMAGE, SLOT), say("Two.")]
        prompt = made(someone(), MemoryTable(), **document(*messages))
        shown = prompt.model_dump(mode="json", exclude_none=True)
        assert shown["messages"] == messages
        assert shown["variables"] == [{**PHOTO, "required": True}]

    def test_a_variable_that_is_not_declared_is_told_where_it_is_attached(self) -> None:
        found = refused(say("{{a}}"), say("Look.", IMAGE, SLOT), variables=[])
        assert found == [
            ("/variables", "variable_not_declared"),
            ("/messages/1/attachments/1/variable", "variable_not_declared"),
        ]

    def test_a_file_that_nothing_attaches_is_not_used(self) -> None:
        assert refused(say("Hi.")) == [("/variables/0", "variable_not_used")]

    @pytest.mark.parametrize("kind", ["string", "object", "array"])
    def test_what_is_no_file_cannot_be_attached(self, kind: str) -> None:
        found = refused(say("Look.", SLOT), variables=[{"name": "photo", "type": kind}])
        assert found == [("/messages/0/attachments/0/variable", "variable_not_file")]

    @pytest.mark.parametrize(
        "text",
        [
            "{{photo}}",
            "{{ photo.name }}",
            "{{ photo | tojson }}",
            "{{ 'a' if photo else 'b' }}",
            "{% set x = photo %}{{ x }}",
            "{% for each in photo %}{{ each }}{% endfor %}",
            "{% if photo %}{{ photo }}{% endif %}",
        ],
    )
    def test_a_file_cannot_be_printed(self, text: str) -> None:
        found = refused(say("Look.", SLOT), say(text))
        assert found == [("/messages/1/content", "file_printed")]

    @pytest.mark.parametrize(
        "text",
        [
            "{% if photo %}Look.{% endif %}",
            "{% if not photo %}Guess.{% elif photo is defined %}Look.{% endif %}",
            "{% if photo.media_type == 'application/pdf' %}Read.{% endif %}",
            "{{ 'photo' }}{# photo #}{% raw %}{{ photo }}{% endraw %}",
        ],
    )
    def test_whether_it_is_there_can_be_asked(self, text: str) -> None:
        prompt = made(someone(), MemoryTable(), **document(say(text, SLOT)))
        assert prompt.messages is not None

    def test_a_file_that_is_printed_by_a_text_is_told_there(self) -> None:
        with pytest.raises(DocumentInvalid) as error:
            made(someone(), MemoryTable(), content="{{photo}}", variables=[PHOTO])
        [problem] = error.value.problems
        assert (problem.at, problem.code) == ("/content", "file_printed")
        assert "{% if photo %}" in problem.message

    def test_a_text_that_is_included_must_mean_a_file_as_well(self) -> None:
        table, who = MemoryTable(), someone()
        inner = made(who, table, content="{{photo}}", variables=["photo"])
        outer = f'{{% include "{inner.id}@1.0.0" %}}'
        with pytest.raises(DocumentInvalid) as error:
            made(who, table, **document(say(outer, SLOT)))
        assert [each.code for each in error.value.problems] == ["variable_type_differs"]

    @pytest.mark.parametrize(
        "entry",
        [{}, {"variable": "1"}, {"variable": "photo", "blob": "0" * 64}, {"blob": "x"}, "photo"],
    )
    def test_an_entry_that_is_neither_a_file_nor_a_variable_is_refused(self, entry: Any) -> None:
        with pytest.raises(ValueError, match="attachments"):
            draft(**document(say("Look.", entry)))

    @pytest.mark.parametrize(
        ("inputs", "refused"),
        [
            (("text",), True),
            (("text", "image"), False),
            (("text", "document"), False),
            (("text", "image", "document"), False),
        ],
    )
    def test_a_model_must_take_some_kind_of_file(self, inputs: Any, refused: bool) -> None:
        models = ScriptedModels({"fake/m": ScriptedModel(profile=ModelProfile(inputs=inputs))})
        written = draft(**document(say("Look.", SLOT)), model="fake/m")
        if not refused:
            assert create_prompt(someone(), written, table=MemoryTable(), models=models)
            return
        with pytest.raises(DocumentInvalid) as error:
            create_prompt(someone(), written, table=MemoryTable(), models=models)
        message = "fake/m takes neither images nor documents."
        at = "/messages/0/attachments"
        assert error.value.problems == (Problem(at, "model_unfit", message),)

    def test_a_steps_model_must_as_well(self) -> None:
        models = ScriptedModels({"fake/m": ScriptedModel(profile=ModelProfile())})
        desk = Desk()
        written = draft(**document(say("Look.", SLOT)))
        prompt = create_prompt(desk.editor, written, table=desk.table, models=MODELS)
        step = {
            "id": "look",
            "kind": "prompt",
            "prompt": {"id": prompt.id},
            "with": {"photo": "{% $input.photo %}"},
            "model": "fake/m",
        }
        checked = check_workflow(desk.editor, workflow(step), table=desk.table, models=models)
        assert [(each.at, each.message) for each in checked.problems] == [
            ("/steps/0/model", "fake/m takes neither images nor documents.")
        ]


LOOK = version(**document(say("Look.", SLOT)))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (IMAGE, None),
        ({**IMAGE, "bytes": 3}, None),
        ("{% $input.photo %}", None),
        ({"blob": "{% $input.blob %}", "media_type": "image/png"}, None),
        ({"blob": "x", "media_type": "image/png"}, "prompt_variable_wrong"),
        ("photo.png", "prompt_variable_wrong"),
        (["{% $input.photo %}"], "prompt_variable_wrong"),
    ],
)
def test_what_a_step_gives_for_a_file_is_checked_when_it_is_compiled(
    given: Any, code: str | None
) -> None:
    step = prompt_step("look", with_={"photo": given})
    if code is None:
        assert compiled(workflow(step), {"look": LOOK})
    else:
        assert places(workflow(step), {"look": LOOK}) == [("/steps/0/with/photo", code)]
