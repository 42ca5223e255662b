"""What pydantic finds wrong with a part of a document, in our words and with its place."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from promptpilot.compiler.pointers import pointer
from promptpilot.errors import Problem

_WORDS: Mapping[str, tuple[str, str]] = {
    "missing": ("missing", "Is missing."),
    "string_type": ("wrong_type", "Must be text."),
    "dict_type": ("wrong_type", "Must be an object."),
    "mapping_type": ("wrong_type", "Must be an object."),
    "model_type": ("wrong_type", "Must be an object."),
    "tuple_type": ("wrong_type", "Must be a list."),
    "int_type": ("wrong_type", "Must be a whole number."),
    "int_parsing": ("wrong_type", "Must be a whole number."),
    "int_from_float": ("wrong_type", "Must be a whole number."),
    "float_type": ("wrong_type", "Must be a number."),
    "float_parsing": ("wrong_type", "Must be a number."),
    "too_short": ("invalid_value", "Must not be empty."),
}
"""By pydantic's type of error, our code and message."""

MAX_FAULTS = 100
"""Of one part; more are no help."""

_PYDANTICS = frozenset(get_args(ErrorType))

_END_MARKS = (".", "?")

_SUBJECT = re.compile(r"^(Input|String|Value|List|Tuple|Dictionary|Mapping) should ")


def faults(error: ValidationError, at: str, model: type[BaseModel]) -> list[Problem]:
    """The problems of a part of that model that stands at `at`."""
    details = error.errors(include_url=False, include_input=False)[:MAX_FAULTS]
    return [
        _problem(each, at, model) for each in details if not _follows_from_another(each, details)
    ]


def faulty_fields(error: ValidationError) -> frozenset[str]:
    """The names of the part's own fields that something is wrong with or within."""
    return frozenset(
        str(each["loc"][0])
        for each in error.errors(include_url=False, include_input=False, include_context=False)
        if each["loc"]
    )


def known_names(model: type[BaseModel]) -> list[str]:
    """The fields of a part, as documents call them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name that there is not."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean `{near[0]}`?" if near else ""


def _follows_from_another(detail: ErrorDetails, among: Iterable[ErrorDetails]) -> bool:
    """A list whose items are all wrong is not also too short."""
    place = detail["loc"]
    return detail["type"] == "too_short" and any(
        each["loc"][: len(place)] == place and each is not detail for each in among
    )


def _problem(detail: ErrorDetails, at: str, model: type[BaseModel]) -> Problem:
    parts = list(_without_tags(detail["loc"]))
    place = pointer(at, *parts)
    if detail["type"] == "extra_forbidden":
        return _unknown_field(str(detail["loc"][-1]), place, model if len(parts) == 1 else None)
    if detail["type"] in _WORDS:
        code, message = _WORDS[detail["type"]]
        return Problem(place, code, message)
    return Problem(place, _code(detail), _message(detail))


def _unknown_field(name: str, place: str, model: type[BaseModel] | None) -> Problem:
    hint = suggestion(name, known_names(model)) if model else ""
    return Problem(place, "unknown_field", f"There is no field `{name}` here.{hint}")


def _without_tags(location: tuple[int | str, ...]) -> Iterator[int | str]:
    """The location without the names of a union's members, which no author wrote."""
    before: int | str = ""
    for part in location:
        if not (before == "on_error" and part in {"<fail>", "<value>", "<steps>"}):
            yield part
        before = part


def _code(detail: ErrorDetails) -> str:
    """The code of our own rules is theirs; pydantic's rules share one."""
    return "invalid_value" if detail["type"] in _PYDANTICS else detail["type"]


def _message(detail: ErrorDetails) -> str:
    text: Any = detail["msg"].removeprefix("Value error, ")
    text = _SUBJECT.sub("Must ", text)
    return f"{text[:1].upper()}{text[1:]}{'' if text[-1:] in _END_MARKS else '.'}"
