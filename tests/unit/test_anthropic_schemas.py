"""Output schemas as far as Anthropic holds an answer to one; the rest is told in words."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from promptpilot.adapters.models.anthropic_messages.output_format import INSTRUCTION, output_format
from promptpilot.adapters.models.anthropic_messages.wire import AnthropicMessages
from promptpilot.domain.message import Message
from promptpilot.domain.model import ModelRequest

TEXT = {"type": "string"}


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


CONVERTED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (closed(a=TEXT), closed(a=TEXT)),
    ({"type": "object", "properties": {"a": TEXT}, "required": ["a"]},
     {**closed(a=TEXT), "required": ["a"]}),
    ({"properties": {"a": TEXT}}, closed(a=TEXT)),
    ({**closed(a=TEXT), "additionalProperties": True}, closed(a=TEXT)),
    (closed(), closed()),
    ({"type": ["object", "null"], "properties": {"a": TEXT}},
     {**closed(a=TEXT), "type": ["object", "null"]}),
    (closed(a={"type": "integer", "minimum": 1, "maximum": 9, "description": "How many."}),
     closed(a={"type": "integer", "description": "How many.\nminimum: 1, maximum: 9"})),
    (closed(a={"type": "string", "format": "date"}),
     closed(a={"type": "string", "format": "date"})),
    (closed(a={"type": "string", "format": "iban", "pattern": "^CH"}),
     closed(a={"type": "string", "description": 'format: "iban", pattern: "^CH"'})),
    (closed(a={"type": "array", "items": TEXT, "minItems": 1}),
     closed(a={"type": "array", "items": TEXT, "minItems": 1})),
    (closed(a={"type": "array", "items": {"properties": {"b": TEXT}}, "minItems": 2}),
     closed(a={"type": "array", "items": closed(b=TEXT), "description": "minItems: 2"})),
    (closed(a={"oneOf": [TEXT, {"type": "null"}]}), closed(a={"anyOf": [TEXT, {"type": "null"}]})),
    (closed(a={"enum": ["x", 1, None]}, b={"const": True}),
     closed(a={"enum": ["x", 1, None]}, b={"const": True})),
    ({"$schema": "https://json-schema.org/draft/2020-12/schema", **closed(a={"$ref": "#/$defs/b"}),
      "$defs": {"b": {"properties": {"c": TEXT}}}},
     {**closed(a={"$ref": "#/$defs/b"}), "$defs": {"b": closed(c=TEXT)}}),
    (closed(definitions=TEXT, **{"$ref": TEXT}), closed(definitions=TEXT, **{"$ref": TEXT})),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "told"), CONVERTED)
def test_a_schema_is_told_in_the_part_of_json_schema_that_anthropic_knows(
    schema: dict[str, Any], told: dict[str, Any]
) -> None:
    assert output_format(schema) == told
    Draft202012Validator.check_schema(told)


@pytest.mark.parametrize(
    ("schema", "answer"),
    [
        (closed(a=TEXT), {"a": "x"}),
        ({"properties": {"a": {"oneOf": [TEXT, {"type": "integer"}]}}}, {"a": 3}),
    ],
)
def test_what_fits_the_schema_that_is_told_fits_the_one_that_was_asked(
    schema: dict[str, Any], answer: Any
) -> None:
    told = output_format(schema)
    assert told is not None
    assert Draft202012Validator(told).is_valid(answer)
    assert Draft202012Validator(schema).is_valid(answer)


RECURSIVE = {
    "$ref": "#/$defs/tree",
    "$defs": {
        "tree": {
            "type": "object",
            "properties": {"sub": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
        }
    },
}
NOT_SAID: list[dict[str, Any]] = [
    RECURSIVE,
    {},
    {"description": "Anything."},
    {"type": "object"},
    {"type": "object", "additionalProperties": {"type": "integer"}},
    {"type": "object", "properties": {"a": TEXT}, "required": ["b"]},
    {"type": "object", "properties": {"a": True}},
    {"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}}},
    {"type": "object", "properties": {"a": {"$ref": "#"}}},
    {"type": "object", "patternProperties": {"^a": TEXT}, "properties": {"b": TEXT}},
    {"allOf": [closed(a=TEXT), closed(b=TEXT)]},
    {"type": "string", "not": {"const": "x"}},
    {"type": "array", "prefixItems": [TEXT]},
    {"enum": [{"a": 1}]},
]


@pytest.mark.parametrize("schema", NOT_SAID)
def test_a_schema_that_anthropic_does_not_know_is_told_in_words(schema: dict[str, Any]) -> None:
    request = ModelRequest(
        model="anthropic/claude-test",
        messages=(
            Message(role="system", content="Be brief."),
            Message(role="user", content="Hello?"),
        ),
        output_schema=schema,
    )
    body = json.loads(AnthropicMessages("anthropic/").call(request, {}, stream=False).body)
    assert "output_config" not in body
    first, second = (each["text"] for each in body["system"])
    assert first == "Be brief."
    assert json.loads(second.removeprefix(INSTRUCTION)) == schema


def test_definitions_that_use_each_other_many_times_take_no_time() -> None:
    levels = 300
    defs: dict[str, Any] = {
        f"d{n}": closed(a={"$ref": f"#/$defs/d{n + 1}"}, b={"$ref": f"#/$defs/d{n + 1}"})
        for n in range(levels)
    }
    defs[f"d{levels}"] = TEXT
    told = output_format({"$ref": "#/$defs/d0", "$defs": defs})
    assert told == {"$ref": "#/$defs/d0", "$defs": defs}
