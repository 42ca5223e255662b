"""What a change of a workflow's output means for those who read it.

No schema says what an execution answers; its `output` does, as far as it is written out. The fields
and the types of literals are known, what an expression gives is not. So a field that is gone and a
literal of another type are major, a new field is minor, another literal of the same type is a
patch; and another expression is minor, since it may or may not give the same form: whoever knows
that it does not asks for more.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from promptpilot.domain.base import same_json
from promptpilot.domain.output_schema import Path, pointer
from promptpilot.domain.semver import Bump
from promptpilot.domain.variables import type_of
from promptpilot.domain.version_changes import Change
from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.domain.workflow_steps import TransformStep

OPENING, CLOSING = "{%", "%}"


def output_changes(old: WorkflowDocument, new: WorkflowDocument) -> Iterator[Change]:
    """How far the change of what an execution answers raises the version, and why."""
    before, after = _answer(old), _answer(new)
    if isinstance(before, _ResultOf) and isinstance(after, _ResultOf):
        yield from before.changes(after)
    elif isinstance(before, _ResultOf) or isinstance(after, _ResultOf):
        undecided = _is_expression(before) or _is_expression(after)
        had = "removed" if isinstance(after, _ResultOf) else "added"
        yield Change(Bump.MINOR if undecided else Bump.MAJOR, f"The output was {had}.")
    else:
        yield from _changes(before, after, ())


class _ResultOf:
    """The result of the last step, which is what is answered where there is no output."""

    def __init__(self, document: WorkflowDocument) -> None:
        self.step = document.steps[-1]

    def changes(self, other: "_ResultOf") -> Iterator[Change]:
        if self.step.kind != other.step.kind:
            reason = f"The last step, whose result is the output, is a {other.step.kind} now."
            yield Change(Bump.MAJOR, reason)
        elif self.step.id != other.step.id:
            reason = f"The last step, whose result is the output, is {other.step.id!r} now."
            yield Change(Bump.MINOR, reason)


def _answer(document: WorkflowDocument) -> Any:
    if document.has_output:
        return document.output
    last = document.steps[-1]
    return last.value if isinstance(last, TransformStep) else _ResultOf(document)


def _is_expression(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(OPENING) and value.endswith(CLOSING)


def _changes(old: Any, new: Any, path: Path) -> Iterator[Change]:
    if same_json(old, new):
        return
    name = f"The output {pointer(path)[1:]!r}" if path else "The output"
    if _is_expression(old) or _is_expression(new):
        if _source(old) != _source(new):
            yield Change(Bump.MINOR, f"{name} is another expression.")
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _field_changes(old, new, path)
    elif _type(old) != _type(new):
        yield Change(Bump.MAJOR, f"{name} is of the type {_type(new)} now, not {_type(old)}.")
    elif isinstance(old, list) and len(old) == len(new):
        for place, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _changes(before, after, (*path, place))
    else:
        yield Change(Bump.PATCH, f"{name} is another {_type(new)}.")


def _field_changes(old: Mapping[str, Any], new: Mapping[str, Any], path: Path) -> Iterator[Change]:
    for name, value in old.items():
        place = (*path, name)
        if name not in new:
            yield Change(Bump.MAJOR, f"The output field {pointer(place)[1:]!r} was removed.")
        else:
            yield from _changes(value, new[name], place)
    for name in new:
        if name not in old:
            place = (*path, name)
            yield Change(Bump.MINOR, f"The output field {pointer(place)[1:]!r} was added.")


def _type(value: Any) -> str:
    """Whole numbers are numbers."""
    name = type_of(value)
    return "number" if name == "integer" else name


def _source(value: Any) -> Any:
    """An expression without the space around it."""
    return (value[2:-2].strip(),) if _is_expression(value) else value
