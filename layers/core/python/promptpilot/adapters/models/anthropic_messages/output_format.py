"""An output schema as far as Anthropic holds an answer to one.

Its structured outputs know a part of JSON Schema ("Structured outputs", JSON Schema limitations):
objects are closed, references are not recursive, and limits of numbers and lengths are unknown.
Closing an object asks for less than the schema allows. Limits go into the description, where the
model reads them, as Anthropic's own SDKs do it. Any other schema is told in words.
"""

from collections.abc import Callable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pydantic_core import to_json

Schema = Mapping[str, Any]

INSTRUCTION = "Answer with JSON alone, without a word around it, that fits this JSON Schema:\n"

_FORMATS = frozenset(
    {
        "date-time",
        "time",
        "date",
        "duration",
        "email",
        "hostname",
        "uri",
        "ipv4",
        "ipv6",
        "uuid",
    }
)
_AS_IT_IS = frozenset({"type", "title", "description", "required"})
_IN_WORDS = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "default",
        "examples",
    }
)
_MEANINGLESS = frozenset({"$schema", "$id", "$comment", "additionalProperties"})
"""Says nothing about answers, or is said otherwise here."""

_TYPED = frozenset({"type", "enum", "const", "anyOf", "oneOf"})

_DEFINITIONS = ("$defs", "definitions")


class _NotSaidHereError(Exception):
    """The schema has something that structured outputs do not know."""


def output_format(schema: Schema) -> Schema | None:
    """`schema` as the API takes it; None where it cannot say it."""
    try:
        _check_references(schema)
        return _converted(schema)
    except (_NotSaidHereError, RecursionError):
        return None


def instruction(schema: Schema) -> str:
    """The same for the model to read."""
    return f"{INSTRUCTION}{to_json(schema).decode()}"


def _converted(schema: Any) -> Schema:
    if not isinstance(schema, Mapping):  # true and false are schemas
        raise _NotSaidHereError
    own = {name: _each(schema[name]) for name in _DEFINITIONS if name in schema}
    if "$ref" in schema:  # what stands beside it is not looked at
        return {**own, "$ref": schema["$ref"]}
    words: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _SUBSCHEMAS:
            said, converted = _SUBSCHEMAS[name](value)
            own[said] = converted
        elif name in _AS_IT_IS or _is_known(name, value):
            own[name] = value
        elif name in _IN_WORDS:
            words[name] = value
        elif name not in {*_MEANINGLESS, *_DEFINITIONS}:
            raise _NotSaidHereError
    return {**own, **_closed(schema), **_described(schema, words)}


def _is_known(name: str, value: Any) -> bool:
    match name:
        case "format":
            return value in _FORMATS
        case "minItems":
            return value in (0, 1)
        case "const":
            return _is_primitive(value)
        case "enum":
            return all(map(_is_primitive, value))
    return False


def _is_primitive(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _closed(schema: Schema) -> Schema:
    """An object may have no fields but those that are named; one that is open and names none
    would be left without any. And every schema has to say of what type an answer is.
    """
    if "object" not in _types(schema) and "properties" not in schema:
        if not schema.keys() & _TYPED:
            raise _NotSaidHereError
        return {}
    fields = schema.get("properties", {})
    if not fields.keys() >= set(schema.get("required", ())):
        raise _NotSaidHereError
    if not fields and schema.get("additionalProperties") is not False:
        raise _NotSaidHereError
    return {"type": schema.get("type", "object"), "additionalProperties": False}


def _types(schema: Schema) -> tuple[str, ...]:
    told = schema.get("type", ())
    return (told,) if isinstance(told, str) else tuple(told)


def _described(schema: Schema, words: Schema) -> Schema:
    if not words:
        return {}
    limits = ", ".join(f"{name}: {to_json(value).decode()}" for name, value in words.items())
    return {"description": "\n".join(filter(None, (schema.get("description"), limits)))}


def _each(schemas: Schema) -> Schema:
    return {name: _converted(each) for name, each in schemas.items()}


def _any_of(schemas: Any) -> tuple[str, Any]:
    return "anyOf", [_converted(each) for each in schemas]


_SUBSCHEMAS: Mapping[str, Callable[[Any], tuple[str, Any]]] = {
    "properties": lambda schemas: ("properties", _each(schemas)),
    "items": lambda schema: ("items", _converted(schema)),
    "anyOf": _any_of,
    "oneOf": _any_of,
}
"""What has schemas in it, and how that is said. Whether an answer fits one alone is checked when it
is here. Parts of `allOf` would close the object to each other's fields."""


def _check_references(schema: Schema) -> None:
    """Every reference is to a definition, and none leads back to itself."""
    needed = {
        f"#/{place}/{name}": set(_references(each))
        for place in _DEFINITIONS
        for name, each in schema.get(place, {}).items()
    }
    if not needed.keys() >= set(_references(schema)):
        raise _NotSaidHereError
    try:
        TopologicalSorter(needed).prepare()
    except CycleError as error:
        raise _NotSaidHereError from error


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, list | tuple):
        for each in part:
            yield from _references(each)
    elif isinstance(part, Mapping):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from _references(each)
