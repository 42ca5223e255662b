"""Which JSON Schemas users may write: draft 2020-12, without what reaches outside of the schema or
cannot be checked in bounded time.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from pydantic_core import SchemaError, SchemaValidator, core_schema

Path = tuple[str | int, ...]

TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")

_NAMED = frozenset({"properties", "$defs", "definitions", "dependentSchemas"})
_LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SINGLE = frozenset(
    {"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"}
)
"""The keywords that hold further schemas: by name, in a list, one."""


def schema_faults(schema: Any) -> Iterator[tuple[Path, str]]:
    """What is wrong with a schema: the place in it, and a sentence."""
    found = dict(_subschemas(schema, ()))
    places = {tuple(map(str, path)) for path in found}
    for path, each in found.items():
        if isinstance(each, Mapping):
            yield from _keyword_faults(each, path, places)
        elif not isinstance(each, bool):
            yield path, "Must be a schema: an object, true or false."


def matches(pattern: str, text: str) -> bool:
    """Whether a checked pattern occurs in a text, in time that grows with the text only."""
    return _matcher(pattern).isinstance_python(text)


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern))


def _subschemas(schema: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """The schema and all within it, by their places."""
    yield path, schema
    if not isinstance(schema, Mapping):
        return
    for keyword, value in schema.items():
        if keyword in _SINGLE:
            yield from _subschemas(value, (*path, keyword))
        elif keyword in _LISTED and isinstance(value, list):
            for place, each in enumerate(value):
                yield from _subschemas(each, (*path, keyword, place))
        elif keyword in _NAMED and isinstance(value, Mapping):
            for name, each in value.items():
                yield from _subschemas(each, (*path, keyword, name))


def _keyword_faults(
    schema: Mapping[str, Any], path: Path, places: set[tuple[str, ...]]
) -> Iterator[tuple[Path, str]]:
    for keyword, value in schema.items():
        rule = _RULES.get(keyword)
        if rule is not None and not rule[0](value):
            yield (*path, keyword), rule[1]
    ref = schema.get("$ref")
    if isinstance(ref, str) and target(ref) not in places:
        yield (*path, "$ref"), "Must point to a schema in this one, as `#/$defs/name` does."


def target(ref: str) -> tuple[str, ...] | None:
    """The names that a reference into the same schema follows; None for any other reference."""
    if ref == "#":
        return ()
    if not ref.startswith("#/"):
        return None
    return tuple(unquote(part).replace("~1", "/").replace("~0", "~") for part in ref[2:].split("/"))


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) and value else [value]
    return all(isinstance(name, str) and name in TYPES for name in names)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_pattern(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        _matcher(value)
    except SchemaError:
        return False
    return True


def _never(value: Any) -> bool:
    return False


_Rule = tuple[Callable[[Any], bool], str]

_TEXT: _Rule = (_is_text, "Must be text.")
_COUNT: _Rule = (_is_count, "Must be a whole number, 0 or more.")
_NUMBER: _Rule = (_is_number, "Must be a number.")
_FLAG: _Rule = (_is_flag, "Must be true or false.")
_SCHEMAS: _Rule = (lambda value: _is_list(value) and bool(value), "Must be a list of schemas.")
_OBJECT: _Rule = (_is_object, "Must be an object.")
_UNSUPPORTED: _Rule = (_never, "This keyword is not supported.")

_RULES: Mapping[str, _Rule] = {
    "type": (_is_type, f"Must be one of {', '.join(TYPES)}, or a list of them."),
    "pattern": (
        _is_pattern,
        "Must be a regular expression without look-around and back references.",
    ),
    "required": (_are_names, "Must be a list of names."),
    "dependentRequired": (
        lambda value: _is_object(value) and all(map(_are_names, value.values())),
        "Must be an object of lists of names.",
    ),
    "enum": (_is_list, "Must be a list of values."),
    "multipleOf": (lambda value: _is_number(value) and value > 0, "Must be a number above 0."),
    **dict.fromkeys(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], _NUMBER),
    **dict.fromkeys(["minLength", "maxLength", "minItems", "maxItems"], _COUNT),
    **dict.fromkeys(["minProperties", "maxProperties", "minContains", "maxContains"], _COUNT),
    **dict.fromkeys(["uniqueItems", "readOnly", "writeOnly", "deprecated"], _FLAG),
    **dict.fromkeys(["title", "description", "format", "$ref", "$schema", "$comment"], _TEXT),
    **dict.fromkeys(sorted(_NAMED), _OBJECT),
    **dict.fromkeys(sorted(_LISTED), _SCHEMAS),
    **dict.fromkeys(["$id", "$anchor", "$dynamicRef", "$dynamicAnchor"], _UNSUPPORTED),
    **dict.fromkeys(["patternProperties", "unevaluatedItems"], _UNSUPPORTED),
    "unevaluatedProperties": _UNSUPPORTED,
}
"""By keyword, what its value must be. Further keywords say nothing about values, as JSON Schema has
it.
"""
