"""Which JSON Schemas OpenAI's models can be held to strictly (its guide on Structured Outputs)."""

from collections.abc import Callable, Mapping
from typing import Any

from promptpilot.domain.base import canonical_json

MAX_PROPERTIES = 5_000
MAX_DEPTH = 10
MAX_ENUM_VALUES = 1_000
MAX_CHARACTERS = 120_000
"""Of all names and values together; counted here over the whole schema, which is never less."""

_PLAIN = frozenset(
    {
        *("title", "description", "enum", "const", "required", "pattern", "format"),
        *("multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("minItems", "maxItems", "type", "$ref", "additionalProperties"),
    }
)
_NESTING = frozenset({"properties", "items", "anyOf", "$defs", "definitions"})
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})


def fits_strict(schema: Mapping[str, Any]) -> bool:
    """Whether OpenAI takes the schema with `strict`. An object at the root, every object closed,
    every property required, and no keyword beyond the documented ones; a schema that is close to
    the limits may be called unfit.
    """
    if schema.get("type") != "object" or len(canonical_json(schema)) > MAX_CHARACTERS:
        return False
    counts = _Counts()
    return counts.fits(schema, 1) and counts.within


class _Counts:
    def __init__(self) -> None:
        self._properties = 0
        self._enum_values = 0

    @property
    def within(self) -> bool:
        return self._properties <= MAX_PROPERTIES and self._enum_values <= MAX_ENUM_VALUES

    def fits(self, schema: Any, depth: int) -> bool:
        """Whether this one does, and all that lie in it."""
        if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
            return False
        self._properties += len(_members(schema, "properties"))
        self._enum_values += len(schema.get("enum", ()))
        return all(rule(schema) for rule in _RULES) and all(
            self.fits(each, depth + deeper) for each, deeper in _inner(schema)
        )


def _has_a_form(schema: Mapping[str, Any]) -> bool:
    return any(each in schema for each in ("type", "anyOf", "$ref"))


def _known(schema: Mapping[str, Any]) -> bool:
    return schema.keys() <= _PLAIN | _NESTING and schema.get("format", "date") in _FORMATS


def _known_types(schema: Mapping[str, Any]) -> bool:
    return _TYPES.issuperset(_type_names(schema))


def _closed(schema: Mapping[str, Any]) -> bool:
    if "object" not in _type_names(schema):
        return True
    names = _members(schema, "properties").keys()
    return schema.get("additionalProperties") is False and names == set(schema.get("required", ()))


def _has_items(schema: Mapping[str, Any]) -> bool:
    return "array" not in _type_names(schema) or "items" in schema


_RULES: tuple[Callable[[Mapping[str, Any]], bool], ...] = (
    _has_a_form,
    _known,
    _known_types,
    _closed,
    _has_items,
)


def _type_names(schema: Mapping[str, Any]) -> tuple[str, ...]:
    told = schema.get("type", ())
    return (told,) if isinstance(told, str) else tuple(told)


def _members(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    told = schema.get(name)
    return told if isinstance(told, Mapping) else {}


def _inner(schema: Mapping[str, Any]) -> list[tuple[Any, int]]:
    """The schemas in one, and how much deeper they lie."""
    named = [*_members(schema, "$defs").values(), *_members(schema, "definitions").values()]
    items = [schema["items"]] if "items" in schema else []
    deeper = [*_members(schema, "properties").values(), *items]
    return [
        *((each, 1) for each in deeper),
        *((each, 0) for each in schema.get("anyOf", ())),
        *((each, 0) for each in named),
    ]
