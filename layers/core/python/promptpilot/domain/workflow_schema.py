"""The JSON Schema of workflow documents, for editors and other tools."""

from collections.abc import Mapping
from typing import Any

from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.domain.workflow_descriptions import DESCRIPTIONS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TITLE = "PromptPilot Pro workflow"
STEP = "#/$defs/Step"


def _given(name: str) -> dict[str, Any]:
    """A field is there, and is not null."""
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


def _just_one(*names: str) -> dict[str, Any]:
    return {"oneOf": [_given(name) for name in names]}


def _not_both(*names: str) -> dict[str, Any]:
    return {"not": {"allOf": [_given(name) for name in names]}}


RULES: Mapping[str, Mapping[str, Any]] = {
    "WaitStep": _just_one("for", "until"),
    "LoopStep": _just_one("while", "until"),
    "StepPrompt": {"allOf": [_just_one("id", "name"), _not_both("version", "label")]},
    "WorkflowRef": _not_both("version", "label"),
}
"""What holds between the fields of a model, by its name."""


def workflow_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) that every workflow document fits.

    It says what can be said of a document alone: not whether ids are unique, expressions parse or
    durations are in their ranges, which is found out when a document is checked.
    """
    schema = WorkflowDocument.model_json_schema()
    models: dict[str, Any] = {**schema.pop("$defs"), WorkflowDocument.__name__: schema}
    step = _step_of(models)
    models = {name: _with_references(model) for name, model in models.items()}
    for name, model in models.items():
        _describe(name, model)
        model.update(RULES.get(name, {}))
    whole = models.pop(WorkflowDocument.__name__)
    del whole["properties"]["version"]["default"]  # of the first version only
    definitions = {"Step": {**step, "description": DESCRIPTIONS["Step"][""]}, **models}
    return {"$schema": DIALECT, **whole, "title": TITLE, "$defs": definitions}


def _step_of(models: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of any step, which pydantic writes out wherever steps stand."""
    items: dict[str, Any] = models[WorkflowDocument.__name__]["properties"]["steps"]["items"]
    return {"oneOf": items["oneOf"]}


def _with_references(value: Any) -> Any:
    """The same with a reference wherever any step may stand, and without titles that say nothing
    but a field's name.
    """
    if isinstance(value, list):
        return [_with_references(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("discriminator", {}).get("propertyName") == "kind" and "oneOf" in value:
        return {"$ref": STEP}
    titled = isinstance(value.get("title"), str) and "properties" not in value
    return {
        name: _with_references(each)
        for name, each in value.items()
        if not (titled and name == "title")
    }


def _describe(name: str, model: dict[str, Any]) -> None:
    """Give a model's fields their descriptions, and make its own one paragraph."""
    if "description" in model:
        model["description"] = " ".join(model["description"].split())
    for field, description in DESCRIPTIONS.get(name, {}).items():
        model["properties"][field]["description"] = description
