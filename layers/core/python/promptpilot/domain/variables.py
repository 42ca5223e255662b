"""The variables of a prompt: how they are declared, and checking the values given for them."""

import math
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from promptpilot.domain.base import Model, canonical_json
from promptpilot.domain.file import file_fault
from promptpilot.domain.json_value import LARGEST_INTEGER, JsonValue, json_fault
from promptpilot.errors import VariablesInvalid

MAX_VARIABLES = 100

_RESERVED = """
    and or not in is if else elif for endif endfor set include raw endraw recursive break continue
    true false none True False None loop range self super
"""
RESERVED = frozenset(_RESERVED.split())
"""Words of the template language, which no variable can be named."""

_NO_EXTRAS = (None, None, None)

_OBJECT_METHODS = frozenset(name for name in dir(dict) if not name.startswith("_"))

NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"


class VariableType(StrEnum):
    """The types of JSON, where `number` takes whole numbers too, and files."""

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"
    FILE = "file"


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_INTEGER


def _is_number(value: Any) -> bool:
    return _is_integer(value) or (isinstance(value, float) and math.isfinite(value))


_FITS: Mapping[VariableType, Callable[[Any], bool]] = {
    VariableType.STRING: lambda value: isinstance(value, str),
    VariableType.NUMBER: _is_number,
    VariableType.INTEGER: _is_integer,
    VariableType.BOOLEAN: lambda value: isinstance(value, bool),
    VariableType.ARRAY: lambda value: isinstance(value, list | tuple),
    VariableType.OBJECT: lambda value: isinstance(value, Mapping),
    VariableType.FILE: lambda value: file_fault(value) is None,
}
_JSON_TYPES = tuple(each for each in VariableType if each is not VariableType.FILE)


class Variable(Model):
    """One declared variable.

    Without `required` it is required, unless it has a default. An optional one without a default is
    undefined when it is left out: a template can test it with `if` but not print it.
    """

    name: Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
    type: VariableType = VariableType.STRING
    required: bool = True
    default: JsonValue = None
    description: Annotated[str, StringConstraints(max_length=2_000)] | None = None
    enum: Annotated[tuple[JsonValue, ...], Field(min_length=1, max_length=100)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _default_makes_optional(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and "required" not in data and data.get("default") is not None:
            return {**data, "required": False}
        return data

    @model_validator(mode="after")
    def _consistent(self) -> "Variable":
        faults = [
            (self.name in RESERVED, f"{self.name!r} is a word of the template language"),
            (
                self.required and self.default is not None,
                "a required variable can have no default: leave out one of the two",
            ),
            (
                not self.required and self.default is None and self.name in _OBJECT_METHODS,
                f"a variable named {self.name!r} must be required or have a default",
            ),
            (
                any(not _FITS[self.type](value) for value in self.enum or ()),
                f"every value of the enum must be of the type {self.type}",
            ),
        ]
        fault = next((sentence for wrong, sentence in faults if wrong), None)
        if fault is None and self.default is not None:
            misfit = self.misfit(self.default)
            fault = f"the default {misfit}" if misfit else None
        if fault:
            raise ValueError(fault)
        return self

    @property
    def plain(self) -> bool:
        """Whether it is a required string and nothing more, which a bare name says."""
        extras = (self.default, self.description, self.enum)
        return self.required and self.type is VariableType.STRING and extras == _NO_EXTRAS

    def misfit(self, value: Any) -> str | None:
        """Why `value` cannot be this variable's, as the end of a sentence; None where it can."""
        if self.type is VariableType.FILE and (fault := file_fault(value)):
            return fault
        if not _FITS[self.type](value):
            return f"must be of the type {self.type}, not {type_of(value)}"
        fault = json_fault(value)
        if fault:
            return fault
        if self.enum is not None and not any(_same(value, each) for each in self.enum):
            return f"must be one of {canonical_json(list(self.enum))}"
        return None


def type_of(value: Any) -> str:
    """The JSON type of a value, for messages."""
    if value is None:
        return "null"
    fitting = (each for each in reversed(_JSON_TYPES) if _FITS[each](value))
    return next(fitting, "something that is not JSON")


def _same(left: Any, right: Any) -> bool:
    """Equality of JSON: 1 is 1.0 but not true."""
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _from_name(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _to_name(variable: Variable) -> str | dict[str, Any]:
    if variable.plain:
        return variable.name
    document = variable.model_dump(mode="json", exclude_none=True)
    return document if document["required"] is False else {"required": True, **document}


DeclaredVariable = Annotated[
    Variable,
    BeforeValidator(_from_name),
    PlainSerializer(_to_name),
    WithJsonSchema(
        {
            "title": "Variable",
            "description": "A bare name is a required string.",
            "oneOf": [
                {"type": "string", "pattern": NAME_PATTERN},
                {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string", "pattern": NAME_PATTERN},
                        "type": {"enum": list(VariableType), "default": "string"},
                        "required": {"type": "boolean"},
                        "default": {},
                        "description": {"type": "string", "maxLength": 2_000},
                        "enum": {"type": "array", "minItems": 1, "maxItems": 100},
                    },
                    "required": ["name"],
                    "additionalProperties": False,
                },
            ],
        }
    ),
]
"""A variable as documents write it: a bare name, or an object."""


def _unique(variables: tuple[Variable, ...]) -> tuple[Variable, ...]:
    names = [variable.name for variable in variables]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"declared more than once: {', '.join(twice)}")
    return variables


unique_variables = AfterValidator(_unique)
"""Refuses two variables of one name."""


def checked_values(declared: Iterable[Variable], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values to render with: those given, and the defaults of those left out.

    Null for an optional variable is the same as leaving it out. Raises `VariablesInvalid` with all
    missing, unknown and wrong-typed names at once.
    """
    by_name = {variable.name: variable for variable in declared}
    values: dict[str, Any] = {}
    missing: list[str] = []
    wrong: dict[str, str] = {}
    for name, variable in by_name.items():
        value = given.get(name)
        if value is None and (not variable.required or name not in given):
            if variable.required:
                missing.append(name)
            elif variable.default is not None:
                values[name] = variable.default
        elif (misfit := variable.misfit(value)) is not None:
            wrong[name] = misfit
        else:
            values[name] = value
    unknown = tuple(name for name in given if name not in by_name)
    if missing or unknown or wrong:
        raise VariablesInvalid(missing=tuple(missing), unknown=unknown, wrong=wrong)
    return values
