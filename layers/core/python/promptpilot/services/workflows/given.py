"""Whether what a step gives another workflow, or an action, fits what that takes.

Only what is certain before the run is told: names that are missing or unknown, and literals that do
not fit. What expressions give is checked when the step runs.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from promptpilot.compiler.faults import suggestion
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.templates import has_expressions
from promptpilot.domain.schema_rules import target
from promptpilot.domain.variables import type_of
from promptpilot.domain.workflow import ANY_OBJECT
from promptpilot.errors import Problem

MAX_LISTED_CHARACTERS = 300

_KEPT = ("properties", "$defs", "definitions")
"""What is left of a schema to look at some of an object's members only."""


def given_problems(
    schema: Mapping[str, Any], given: Mapping[str, Any], at: str, *, taker: str, codes: str
) -> Iterator[Problem]:
    """What of `with`, which stands at `at`, certainly does not fit the schema. `taker` says in
    words what takes it, and the problems' codes begin with `codes`.
    """
    if schema == ANY_OBJECT:
        return
    properties = _mapping(schema.get("properties"))
    for name in _names(schema.get("required")):
        if name not in given:
            message = f"{taker} needs `{name[:80]}`."
            yield Problem(pointer(at, name), f"{codes}_missing", message)
    if schema.get("additionalProperties") is False:
        for name in given:
            if name not in properties:
                hint = suggestion(name, properties)
                message = f"{taker} takes no `{name[:80]}`.{hint}"
                yield Problem(pointer(at, name), f"{codes}_unknown", message)
    literals = {
        name: value
        for name, value in given.items()
        if name in properties and not has_expressions(value)
    }
    for place, message in _misfits(schema, literals, at):
        yield Problem(place, f"{codes}_wrong", message)


def _misfits(
    schema: Mapping[str, Any], literals: Mapping[str, Any], at: str
) -> Iterator[tuple[str, str]]:
    # Takes a while to import, and many workflows take any input.
    from promptpilot.domain.json_schema import CheckTooLong, value_faults  # noqa: PLC0415 - see above

    looked_at = {name: schema[name] for name in _KEPT if name in schema}
    if not literals or not all(map(_stays_within, _references(looked_at))):
        return
    try:
        faults = value_faults(looked_at, dict(literals))
    except CheckTooLong:
        return  # the run will tell
    for fault in faults:
        message = f"{fault.message[:MAX_LISTED_CHARACTERS]}."
        if fault.keyword == "type":
            types = fault.wanted if isinstance(fault.wanted, str) else " or ".join(fault.wanted)
            message = f"Must be of the type {types}, not {type_of(fault.value)}."
        yield pointer(at, *fault.path), message


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _references(each)


def _stays_within(reference: str) -> bool:
    """Whether it can be followed in what is left of the schema."""
    parts = target(reference)
    return parts is not None and len(parts) > 1 and parts[0] in _KEPT


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
