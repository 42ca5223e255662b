"""Checking values against JSON Schemas that users wrote, without hanging on a hostile one."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from promptpilot.domain.base import canonical_json
from promptpilot.domain.schema_rules import Path, matches, target

MAX_FAULTS = 100

MAX_WORK = 500_000
KEYWORD_WORK = 8
ERROR_WORK = 64
"""How much one check may do, which takes about a second: each keyword applied and each misfit, also
of a part that may be one, counts as so much, and what a keyword goes through is added.
"""


@dataclass(frozen=True, slots=True)
class ValueFault:
    """How a part of a value does not fit: the place in the value, the schema's keyword and what it
    says, and the end of a sentence.
    """

    path: Path
    value: Any
    keyword: str
    wanted: Any
    schema: Any
    message: str


class CheckTooLong(Exception):
    """The schema asks for more work on this value than a check may do."""


def value_faults(schema: Mapping[str, Any], value: Any) -> list[ValueFault]:
    """How a value does not fit a schema that has no faults itself, `MAX_FAULTS` at most.

    Raises `CheckTooLong`.
    """
    token = _work_left.set([MAX_WORK])
    try:
        errors = _validator(canonical_json(schema)).iter_errors(value)
        return [_fault(error) for error in islice(errors, MAX_FAULTS)]
    except RecursionError as error:
        raise CheckTooLong from error
    finally:
        _work_left.reset(token)


def _fault(error: ValidationError) -> ValueFault:
    return ValueFault(
        path=tuple(error.absolute_path),
        value=error.instance,
        keyword=str(error.validator),
        wanted=error.validator_value,
        schema=error.schema,
        message=error.message,
    )


_work_left: ContextVar[list[int]] = ContextVar("work_left")

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]


@lru_cache(maxsize=256)
def _validator(text: str) -> Validator:
    root = json.loads(text)
    keywords: dict[str, Keyword] = {
        **Draft202012Validator.VALIDATORS,
        "$ref": _reference(root),
        "pattern": _pattern,
        "uniqueItems": _unique_items,
    }
    counted = {name: _counted(name, keyword) for name, keyword in keywords.items()}
    bounded: type[Validator] = extend(Draft202012Validator, counted)  # type: ignore[no-untyped-call]
    return bounded(root)


def _counted(name: str, keyword: Keyword) -> Keyword:
    goes_through = _SIZES.get(name, _extent)

    def counted(
        validator: Any, wanted: Any, instance: Any, schema: Any
    ) -> Iterator[ValidationError]:
        _spend(KEYWORD_WORK + goes_through(wanted) + (_extent(instance) >> 3))
        for error in keyword(validator, wanted, instance, schema) or ():
            _spend(ERROR_WORK)
            yield error

    return counted


def _spend(work: int) -> None:
    left = _work_left.get()
    left[0] -= work
    if left[0] < 0:
        raise CheckTooLong


def _extent(value: Any) -> int:
    return len(value) if isinstance(value, str | list | dict) else 0


def _values_in(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_values_in, value.values()))
    return 1 + sum(map(_values_in, value)) if isinstance(value, list) else 1


_SIZES: Mapping[str, Callable[[Any], int]] = {"const": _values_in, "enum": _values_in}
"""Keywords that go through all of a value that they are given."""


def _reference(root: Any) -> Keyword:
    def reference(
        validator: Any, ref: str, instance: Any, schema: Any
    ) -> Iterator[ValidationError] | None:
        found = root
        for part in target(ref) or ():
            found = found[int(part) if isinstance(found, list) else part]
        errors: Iterator[ValidationError] = validator.descend(instance, found)
        return errors

    return reference


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not matches(pattern, instance):
        yield ValidationError(f"Must match {pattern}")


def _unique_items(
    validator: Any, unique: bool, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if unique and isinstance(instance, list):
        texts = {canonical_json(_comparable(item)) for item in instance}
        _spend(sum(map(len, texts)))
        if len(texts) < len(instance):
            yield ValidationError("Must have no item twice")


def _comparable(value: Any) -> Any:
    """JSON Schema holds 1.0 and 1 for equal."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _comparable(each) for name, each in value.items()}
    return [_comparable(each) for each in value] if isinstance(value, list) else value
