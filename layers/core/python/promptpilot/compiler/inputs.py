"""The input of executions: its schema when a workflow is saved, and a value when one starts."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from promptpilot.compiler.faults import suggestion
from promptpilot.compiler.pointers import pointer, reading_order
from promptpilot.domain.json_value import json_fault
from promptpilot.domain.schema_rules import TYPES, schema_faults
from promptpilot.domain.variables import type_of
from promptpilot.domain.workflow import ANY_OBJECT, WorkflowDocument
from promptpilot.errors import DocumentInvalid, Problem

if TYPE_CHECKING:
    from promptpilot.domain.json_schema import ValueFault

AT = "/input"
REASON = "The input does not fit the workflow; each problem is listed with its place."
MAX_LISTED_CHARACTERS = 300


def schema_problems(schema: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the schema of a workflow's input, with places in the document."""
    for path, message in schema_faults(schema):
        yield Problem(pointer(AT, *path), "schema_invalid", message)
    named = schema.get("type", "object")
    types = named if isinstance(named, list) else [named]
    if types and "object" not in types and all(name in TYPES for name in types):
        message = "An execution's input is an object, so this must be `object`."
        yield Problem(pointer(AT, "type"), "schema_invalid", message)


def check_input(document: WorkflowDocument, input: Mapping[str, Any]) -> None:
    """Raise `DocumentInvalid` for an input that does not fit, every problem with its place in the
    input.
    """
    problems: dict[Problem, None] = {}
    fault = json_fault(input)
    if fault is not None:
        problems[Problem("", "not_json", f"The input {fault}.")] = None
    elif document.input != ANY_OBJECT:
        problems = dict.fromkeys(value_problems(document.input, input))
    if problems:
        ordered = sorted(problems, key=lambda problem: reading_order(problem.at))
        raise DocumentInvalid(reason=REASON, problems=tuple(ordered))


def value_problems(schema: Mapping[str, Any], input: Mapping[str, Any]) -> Iterator[Problem]:
    """How a value does not fit a schema that has no faults itself, with places in the value."""
    # Takes a while to import, and many workflows take any input.
    from promptpilot.domain.json_schema import CheckTooLong, value_faults  # noqa: PLC0415 - see above

    try:
        for fault in value_faults(schema, input):
            yield from _told(fault)
    except CheckTooLong:
        message = "Checking this input against the workflow's schema takes too long."
        yield Problem("", "check_too_long", message)


def _told(fault: "ValueFault") -> Iterator[Problem]:
    at = pointer("", *fault.path)
    if fault.keyword == "required":
        for name in fault.wanted:
            if name not in fault.value:
                yield Problem(pointer(at, name), "missing", "Is missing.")
    elif fault.keyword == "additionalProperties":
        known = fault.schema.get("properties", {})
        for name in fault.value:
            if name not in known:
                message = f"There is no field `{name[:80]}` here.{suggestion(name, known)}"
                yield Problem(pointer(at, name), "unknown_field", message)
    elif fault.keyword == "type":
        types = fault.wanted if isinstance(fault.wanted, str) else " or ".join(fault.wanted)
        yield Problem(at, "wrong_type", f"Must be of the type {types}, not {type_of(fault.value)}.")
    else:
        yield Problem(at, "input_invalid", f"{fault.message[:MAX_LISTED_CHARACTERS]}.")
