"""Which schemas OpenAI can be asked to hold a model to."""

from typing import Any

import pytest

from promptpilot.adapters.models.responses.strict_schema import fits_strict


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


TEXT = {"type": "string"}


def nested(levels: int) -> dict[str, Any]:
    schema = closed(text=TEXT)
    for _ in range(levels - 2):
        schema = closed(inner=schema)
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        closed(),
        closed(
            mood={"type": "string", "enum": ["happy", "sad"]}, count={"type": ["integer", "null"]}
        ),
        closed(list={"type": "array", "items": closed(text=TEXT), "maxItems": 3}),
        closed(either={"anyOf": [TEXT, closed(text=TEXT), {"type": "null"}]}),
        {**closed(inner={"$ref": "#/$defs/inner"}), "$defs": {"inner": closed(more=TEXT)}},
        closed(again={"anyOf": [{"$ref": "#"}, {"type": "null"}]}),
        closed(when={"type": "string", "format": "date-time", "description": "UTC"}),
        closed(one={"type": "integer", "const": 1, "minimum": 0}),
        closed(properties=TEXT, default=TEXT),
        nested(10),
    ],
)
def test_a_closed_object_of_documented_keywords_fits(schema: dict[str, Any]) -> None:
    assert fits_strict(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "string"},
        {"type": "object"},
        {"anyOf": [closed()]},
        {**closed(text=TEXT), "required": []},
        {**closed(text=TEXT), "required": ["text", "more"]},
        {**closed(text=TEXT), "additionalProperties": True},
        {key: value for key, value in closed().items() if key != "additionalProperties"},
        closed(any={}),
        closed(any=True),
        closed(any={"enum": ["without a type"]}),
        closed(text={"type": "string", "minLength": 1}),
        closed(text={"type": "string", "default": "x"}),
        closed(text={"type": "string", "format": "uri"}),
        closed(text={"type": "text"}),
        closed(list={"type": "array"}),
        closed(list={"type": "array", "items": {"type": "object"}}),
        closed(one={"type": "string", "oneOf": [TEXT]}),
        closed(map={"type": "object", "additionalProperties": TEXT}),
        closed(either={"anyOf": [TEXT, {"type": "object"}]}),
        {**closed(inner={"$ref": "#/$defs/inner"}), "$defs": {"inner": {"type": "object"}}},
        nested(11),
        closed(**{f"field_{number}": TEXT for number in range(5_001)}),
        closed(one={"type": "integer", "enum": [*range(1_001)]}),
        closed(text={"type": "string", "enum": ["x" * 120_000]}),
    ],
)
def test_what_is_open_or_undocumented_or_too_large_does_not(schema: dict[str, Any]) -> None:
    assert not fits_strict(schema)
