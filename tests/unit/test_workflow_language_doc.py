"""Every example in the documentation of the workflow language works."""

import re
from pathlib import Path
from typing import Any

import pytest

from promptpilot.compiler.reading import read_document
from promptpilot.domain.prompt_document import PromptDraft
from promptpilot.services.prompts.documents import create_prompt
from tests.fakes import MODELS, MemoryTable
from tests.unit.prompt_world import someone
from tests.unit.workflow_samples import compiled, workflow

DOCUMENT = Path(__file__).parents[2] / "docs" / "workflow-language.md"
TEXT = DOCUMENT.read_text()
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
PROMPTS = re.findall(r'^```json\n(\{"name".*?)^```$', TEXT, re.MULTILINE | re.DOTALL)


def whole(example: Any) -> Any:
    """Steps that stand alone become a workflow."""
    return workflow(*example) if isinstance(example, list) else example


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == TEXT.count("```yaml") >= 5


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_a_workflow_or_its_steps(text: str) -> None:
    assert compiled(whole(read_document(text, yaml=True)))


def test_there_are_prompts() -> None:
    assert len(PROMPTS) == TEXT.count('```json\n{"name"') >= 1


@pytest.mark.parametrize("text", PROMPTS)
def test_a_prompt_can_be_saved(text: str) -> None:
    draft = PromptDraft.model_validate_json(text)
    assert create_prompt(someone(), draft, table=MemoryTable(), models=MODELS).name == draft.name
