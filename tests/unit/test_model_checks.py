"""What the named models do not take is told on saving, where it stands."""

from typing import Any

import pytest

from promptpilot.domain.model_profile import ModelProfile
from promptpilot.domain.prompt_document import PromptDocument, VersionDraft
from promptpilot.domain.workflow_steps import StepSettings
from promptpilot.errors import DocumentInvalid, Problem
from promptpilot.services.prompts.documents import create_prompt
from promptpilot.services.prompts.versions import create_version
from promptpilot.services.workflows.checks import check_workflow
from promptpilot.services.workflows.documents import create_workflow
from tests.fakes import MODELS, ScriptedModel, ScriptedModels
from tests.unit.prompt_world import draft
from tests.unit.workflow_world import Desk, workflow

STRICT = ModelProfile(settings=("temperature", "max_tokens"), max_temperature=1.0)
KNOWN = ScriptedModels(
    {
        "fake/strict": ScriptedModel(profile=STRICT),
        "fake/able": ScriptedModel(),
        "fake/unlisted": ScriptedModel(profile=ModelProfile(listed=False)),
    }
)
ADVICE = "Leave it out, or set drop_unsupported."
NO_SEED = f"fake/strict takes no seed. {ADVICE}"
TOOL = {"name": "look_up"}
IMAGE = {"blob": "0" * 64, "media_type": "image/png"}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def prompt(desk: Desk, **changes: Any) -> PromptDocument:
    """A prompt that is saved without anybody looking at its model."""
    return create_prompt(desk.editor, draft(**changes), table=desk.table, models=MODELS)


def refused(desk: Desk, **changes: Any) -> list[Problem]:
    """What is wrong with a prompt."""
    with pytest.raises(DocumentInvalid) as error:
        create_prompt(desk.editor, draft(**changes), table=desk.table, models=KNOWN)
    return list(error.value.problems)


def problems(desk: Desk, *steps: dict[str, Any]) -> list[tuple[str, str]]:
    """What is said of a workflow, when it is checked and when it is saved."""
    document = workflow(*steps)
    checked = check_workflow(desk.editor, document, table=desk.table, models=KNOWN)
    if checked.valid:
        create_workflow(
            desk.editor,
            document,
            table=desk.table,
            orchestrator=desk.orchestrator,
            models=KNOWN,
        )
        return []
    with pytest.raises(DocumentInvalid) as error:
        create_workflow(
            desk.editor,
            document,
            table=desk.table,
            orchestrator=desk.orchestrator,
            models=KNOWN,
        )
    assert [each.at for each in error.value.problems] == [each.at for each in checked.problems]
    assert {each.code for each in checked.problems} == {"model_unfit"}
    return [(each.at, each.message) for each in checked.problems]


def ask(of: PromptDocument, **fields: Any) -> dict[str, Any]:
    """A step of that prompt."""
    given = {"notes": "Ship."}
    return {"id": "tell", "kind": "prompt", "prompt": {"id": of.id}, "with": given, **fields}


class TestPrompts:
    def test_a_setting_that_the_model_does_not_take_is_refused_by_name(self, desk: Desk) -> None:
        assert refused(desk, model="fake/strict", settings={"seed": 1}) == [
            Problem("/settings/seed", "model_unfit", NO_SEED)
        ]

    def test_tools_and_attachments_are_refused_where_they_stand(self, desk: Desk) -> None:
        messages = [
            {"role": "system", "content": "{{notes}}"},
            {"role": "user", "content": "Look.", "attachments": [IMAGE]},
        ]
        found = refused(desk, model="fake/strict", content=None, messages=messages, tools=[TOOL])
        assert [each.at for each in found] == ["/tools", "/messages/1/attachments"]

    @pytest.mark.parametrize("model", ["fake/able", "fake/unlisted", "fake/unheard-of", None])
    def test_no_other_model_refuses_anything(self, desk: Desk, model: str | None) -> None:
        changes = {"model": model, "settings": {"seed": 1}, "tools": [TOOL]}
        created = create_prompt(desk.editor, draft(**changes), table=desk.table, models=KNOWN)
        assert created.settings.seed == 1

    def test_what_may_be_left_out_is_saved(self, desk: Desk) -> None:
        settings = {"seed": 1, "drop_unsupported": True}
        changes = {"model": "fake/strict", "settings": settings}
        created = create_prompt(desk.editor, draft(**changes), table=desk.table, models=KNOWN)
        assert created.settings.seed == 1

    def test_a_new_version_is_checked_with_what_it_keeps(self, desk: Desk) -> None:
        made = prompt(desk, model="fake/able", settings={"seed": 1})
        change = VersionDraft(model="fake/strict")
        with pytest.raises(DocumentInvalid) as error:
            create_version(desk.editor, made.id, change, table=desk.table, models=KNOWN)
        assert [each.at for each in error.value.problems] == ["/settings/seed"]


class TestWorkflows:
    def test_a_steps_own_setting_is_refused_where_it_stands(self, desk: Desk) -> None:
        step = ask(prompt(desk, model="fake/strict"), settings={"seed": 1})
        assert problems(desk, step) == [("/steps/0/settings/seed", NO_SEED)]

    def test_a_steps_model_is_refused_for_what_the_prompt_sets(self, desk: Desk) -> None:
        of = prompt(desk, model="fake/able", settings={"seed": 1})
        assert problems(desk, ask(of, model="fake/strict")) == [("/steps/0/model", NO_SEED)]

    def test_a_fallback_is_refused_too(self, desk: Desk) -> None:
        of = prompt(desk, model="fake/able", settings={"seed": 1})
        step = ask(of, fallbacks=["fake/unlisted", "fake/strict"])
        assert problems(desk, step) == [("/steps/0/fallbacks/1", NO_SEED)]

    def test_a_prompt_that_was_saved_before_is_refused(self, desk: Desk) -> None:
        of = prompt(desk, model="fake/strict", settings={"seed": 1})
        assert problems(desk, ask(of)) == [("/steps/0/prompt", NO_SEED)]

    def test_a_step_mends_what_its_prompt_says(self, desk: Desk) -> None:
        of = prompt(desk, model="fake/strict", settings={"seed": 1, "temperature": 2.0})
        assert problems(desk, ask(of, settings={"seed": None, "temperature": 0.5})) == []
        assert problems(desk, ask(of, settings={"drop_unsupported": True})) == []
        assert problems(desk, ask(of, model="fake/able")) == []

    def test_a_step_takes_back_what_its_prompt_says_of_leaving_out(self, desk: Desk) -> None:
        prompts_own = {"seed": 1, "reasoning_effort": "low", "drop_unsupported": True}
        of = prompt(desk, model="fake/strict", settings=prompts_own)
        assert problems(desk, ask(of)) == []
        step = ask(of, settings={"drop_unsupported": False, "reasoning_effort": None})
        assert problems(desk, step) == [("/steps/0/prompt", NO_SEED)]

    def test_what_a_step_takes_back_is_kept(self) -> None:
        written = {"drop_unsupported": False, "reasoning_effort": None, "reasoning_tokens": None}
        read = StepSettings.model_validate(written)
        assert read.model_dump(mode="json") == written
        assert StepSettings.model_validate(read.model_dump()) == read

    def test_a_model_that_is_computed_is_not_known(self, desk: Desk) -> None:
        of = prompt(desk, model="fake/strict")
        step = ask(of, model="{% 'fake/' & 'strict' %}", settings={"seed": 1})
        assert problems(desk, step) == []

    def test_tools_are_refused_where_they_stand(self, desk: Desk) -> None:
        tools = [{"name": "get", "action": "http.request"}]
        own = ask(prompt(desk, model="fake/strict"), tools=tools)
        assert problems(desk, own) == [("/steps/0/tools", "fake/strict takes no tools.")]
        declared = ask(prompt(desk, model="fake/strict", tools=[TOOL]))
        assert problems(desk, declared) == [("/steps/0/prompt", "fake/strict takes no tools.")]

    def test_a_step_within_another_is_found(self, desk: Desk) -> None:
        inner = ask(prompt(desk, model="fake/strict"), settings={"seed": 1})
        outer = {"id": "all_of_them", "kind": "map", "items": "{% [1] %}", "steps": [inner]}
        [(at, _)] = problems(desk, outer)
        assert at == "/steps/0/steps/0/settings/seed"
