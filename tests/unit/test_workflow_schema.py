"""The published schema of workflow documents says what the product takes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from promptpilot.compiler.draft import read_draft
from promptpilot.compiler.reading import read_document
from promptpilot.domain.workflow_descriptions import DESCRIPTIONS
from promptpilot.domain.workflow_schema import workflow_schema
from promptpilot.domain.workflow_steps import STEP_MODELS
from tests.handlers.here import workflow_document
from tests.unit.test_workflow_language_doc import EXAMPLES, whole
from tests.unit.workflow_samples import fail, prompt_step, transform, workflow
from tests.unit.workflow_world import runs, simple
from tests.unit.world import two_steps

SCHEMA = workflow_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
MODELS = {**SCHEMA["$defs"], "WorkflowDocument": SCHEMA}
LAST = transform("z", 1)


def fits(document: Any) -> bool:
    return bool(VALIDATOR.is_valid(document))


def test_the_schema_is_one_by_its_own_dialect() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$id" not in SCHEMA


def test_every_kind_of_step_and_every_field_is_described() -> None:
    bare = [
        f"{name}.{field}"
        for name, model in MODELS.items()
        for field, schema in model.get("properties", {}).items()
        if not schema.get("description")
    ]
    assert bare == []
    assert not [name for name in MODELS if name != "Role" and not MODELS[name].get("description")]
    kinds = {model["properties"]["kind"]["const"] for model in step_models()}
    assert kinds == STEP_MODELS.keys()


def step_models() -> list[dict[str, Any]]:
    names = [each["$ref"].removeprefix("#/$defs/") for each in SCHEMA["$defs"]["Step"]["oneOf"]]
    return [MODELS[name] for name in names]


def test_nothing_is_described_that_is_not_there() -> None:
    for name, fields in DESCRIPTIONS.items():
        if name != "Step":
            assert fields.keys() <= MODELS[name]["properties"].keys(), name


def test_every_reference_leads_somewhere_and_nothing_is_defined_in_vain() -> None:
    assert {*re.findall(r'"#/\$defs/([^"]+)"', json.dumps(SCHEMA))} == SCHEMA["$defs"].keys()


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_document_of_the_documentation_fits(text: str) -> None:
    VALIDATOR.validate(whole(read_document(text, yaml=True)))


def test_the_document_of_the_demonstration_fits() -> None:
    text = (Path(__file__).parents[2] / "embedded" / "demo" / "workflow.yaml").read_text()
    VALIDATOR.validate(read_document(text, yaml=True))


VALID = [
    simple(),
    runs("workflow_x", {"id": "workflow_x", "version": "1.0.0"}),
    two_steps("prompt_x"),
    workflow_document("prompt_x"),
    workflow(fail("stop", error="E", message="m"), description=None, triggers=[]),
    workflow(
        prompt_step(
            "a",
            prompt={"id": "x", "label": "production"},
            model="a/b",
            fallbacks=["c/d"],
            cache="1h",
            settings={"temperature": 0, "stop": ["x"]},
            retry={"attempts": 2, "on": ["ModelError"]},
            on_error={"steps": [LAST]},
        )
    ),
    workflow({"id": "w", "kind": "wait", "for": "5m"}),
    workflow({"id": "w", "kind": "wait", "for": None, "until": "{% $now() %}"}),
    workflow(
        {
            "id": "l",
            "kind": "loop",
            "while": "{% true %}",
            "max_iterations": 3,
            "steps": [
                {
                    "id": "b",
                    "kind": "branch",
                    "cases": [{"when": "{% true %}", "steps": [LAST]}],
                    "otherwise": [],
                }
            ],
        }
    ),
    workflow(
        {"id": "p", "kind": "parallel", "branches": {"left": [LAST]}},
        {"id": "m", "kind": "map", "items": "{% [1] %}", "as": "it", "steps": [transform("y", 1)]},
        {"id": "q", "kind": "approval", "role": "editor", "users": ["a@example.com"], "form": {}},
        {"id": "h", "kind": "action", "action": "http.request", "with": {"url": "x"}},
    ),
]


@pytest.mark.parametrize("document", VALID)
def test_a_document_that_is_taken_fits(document: Any) -> None:
    assert read_draft(document).problems == ()
    VALIDATOR.validate(document)


def waits(**fields: Any) -> dict[str, Any]:
    return workflow({"id": "w", "kind": "wait", **fields})


def loops(**fields: Any) -> dict[str, Any]:
    return workflow({"id": "l", "kind": "loop", "max_iterations": 3, "steps": [LAST], **fields})


REFUSED = [
    [],
    {},
    {"name": "x"},
    {"steps": [LAST]},
    workflow(),
    workflow(LAST, name=""),
    workflow(LAST, name=7),
    workflow(LAST, nmae="x"),
    workflow(LAST, version="1"),
    workflow(LAST, timeout="1y"),
    workflow(LAST, timeout=60),
    workflow(LAST, input=[]),
    workflow(LAST, triggers=[{"kind": "cron"}]),
    workflow(LAST, triggers=[{"kind": "manual"}, {"kind": "manual"}]),
    workflow({"id": "a"}),
    workflow({"id": "a", "kind": "transfrom", "value": 1}),
    workflow({"kind": "transform", "value": 1}),
    workflow({"id": "A", "kind": "transform", "value": 1}),
    workflow({"id": "a", "kind": "transform"}),
    workflow({**LAST, "extra": 1}),
    workflow(prompt_step("a", prompt="Say")),
    workflow(prompt_step("a", prompt={"name": "x", "version": 1})),
    workflow(prompt_step("a", retry={"attempts": 0})),
    workflow(prompt_step("a", retry={"on": ["Nonsense"]})),
    workflow(prompt_step("a", retry={"on": []})),
    workflow(prompt_step("a", on_error="ignore")),
    workflow(prompt_step("a", on_error={"steps": []})),
    workflow(prompt_step("a", settings={"temperature": 3})),
    workflow(prompt_step("a", fallbacks=["a/b"] * 6)),
    workflow(prompt_step("a", fallbacks=["no model"])),
    waits(),
    waits(**{"for": "5m", "until": "x"}),
    waits(**{"for": None, "until": None}),
    waits(**{"for": "5 minutes"}),
    loops(),
    loops(**{"while": "x", "until": "y"}),
    loops(until="x", max_iterations=1_001),
    loops(until="x", steps=[]),
    workflow({"id": "b", "kind": "branch", "cases": []}),
    workflow({"id": "b", "kind": "branch", "cases": [{"steps": []}]}),
    workflow({"id": "p", "kind": "parallel", "branches": {}}),
    workflow({"id": "m", "kind": "map", "steps": [LAST]}),
    workflow({"id": "m", "kind": "map", "items": [], "steps": [LAST], "concurrency": 1_001}),
    workflow({"id": "q", "kind": "approval", "role": "boss"}),
    workflow({"id": "q", "kind": "approval", "on_timeout": "ignore"}),
    workflow({"id": "r", "kind": "workflow", "workflow": "x"}),
    workflow({"id": "r", "kind": "workflow", "workflow": {}}),
    workflow({"id": "h", "kind": "action"}),
]


@pytest.mark.parametrize("document", REFUSED)
def test_a_document_refused_for_its_form_does_not_fit(document: Any) -> None:
    assert read_draft(document).problems
    assert not fits(document)


@pytest.mark.parametrize(
    "prompt",
    [{}, {"id": "x", "name": "y"}, {"id": "x", "version": "1.0.0", "label": "latest"}],
)
def test_a_reference_that_contradicts_itself_does_not_fit(prompt: Any) -> None:
    assert not fits(workflow(prompt_step("a", prompt=prompt)))


def test_a_reference_to_a_workflow_by_version_and_label_does_not_fit() -> None:
    assert not fits(runs({"id": "x", "version": "1.0.0", "label": "latest"}))
