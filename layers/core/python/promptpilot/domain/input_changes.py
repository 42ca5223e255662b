"""What a change of a workflow's input schema means for those who start it."""

from collections.abc import Iterator, Mapping
from typing import Any

from promptpilot.domain.base import canonical_json, same_json
from promptpilot.domain.output_schema import Path, pointer
from promptpilot.domain.semver import Bump
from promptpilot.domain.version_changes import Change

_NOTES = frozenset({"title", "description", "default", "examples", "$comment", "deprecated"})
"""Keywords that refuse no value."""

_COMPARED = frozenset({"properties", "required", "additionalProperties", "enum"}) | _NOTES
"""Keywords whose change is judged by itself; that of any other is held for a promise broken."""


def input_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """How far each change of the schema raises the version, and why.

    What refuses a value that was taken is major: a property that is gone, has become required or
    has another schema. A new optional property, and taking more than before, is minor; notes are a
    patch. A change whose effect is not plain from these keywords counts as major.
    """
    yield from _changes(old, new, ())


def _changes(old: Any, new: Any, path: Path) -> Iterator[Change]:
    if same_json(old, new):
        return
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)) or not same_json(
        _rest(old), _rest(new)
    ):
        where = f"of the input {_name(path)}" if path else "of the input"
        yield Change(Bump.MAJOR, f"The schema {where} changed.")
        return
    yield from _property_changes(old, new, path)
    yield from _required_changes(old, new, path)
    yield from _openness_changes(old, new, path)
    yield from _enum_changes(old, new, path)
    if any(not same_json(old.get(note), new.get(note)) for note in _NOTES):
        where = f"the input {_name(path)}" if path else "the input"
        yield Change(Bump.PATCH, f"The notes on {where} changed.")


def _rest(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in _COMPARED}


def _name(path: Path) -> str:
    return repr(pointer(path)[1:]) if path else ""


def _property_changes(
    old: Mapping[str, Any], new: Mapping[str, Any], path: Path
) -> Iterator[Change]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name, schema in before.items():
        if name not in after:
            yield Change(Bump.MAJOR, f"The input {_name((*path, name))} was removed.")
        else:
            yield from _changes(schema, after[name], (*path, name))
    for name in after:
        if name not in before and name not in new.get("required", ()):
            yield Change(Bump.MINOR, f"The optional input {_name((*path, name))} was added.")


def _required_changes(
    old: Mapping[str, Any], new: Mapping[str, Any], path: Path
) -> Iterator[Change]:
    before, after = old.get("required", ()), new.get("required", ())
    for name in after:
        if name not in before:
            added = name not in old.get("properties", {})
            how = "was added, and is required" if added else "became required"
            yield Change(Bump.MAJOR, f"The input {_name((*path, name))} {how}.")
    for name in before:
        if name not in after and name in new.get("properties", {}):
            yield Change(Bump.MINOR, f"The input {_name((*path, name))} became optional.")


def _openness_changes(
    old: Mapping[str, Any], new: Mapping[str, Any], path: Path
) -> Iterator[Change]:
    before, after = old.get("additionalProperties", True), new.get("additionalProperties", True)
    if before == after:
        return
    where = f"The input {_name(path)}" if path else "The input"
    if after is True:
        yield Change(Bump.MINOR, f"{where} takes further properties now.")
    else:
        yield Change(Bump.MAJOR, f"{where} no longer takes every further property it took.")


def _enum_changes(old: Mapping[str, Any], new: Mapping[str, Any], path: Path) -> Iterator[Change]:
    before, after = _allowed(old), _allowed(new)
    if same_json(old.get("enum"), new.get("enum")):
        return
    if before == after:
        yield Change(Bump.PATCH, f"The order of the enum of the input {_name(path)} changed.")
    elif after is None or (before is not None and before < after):
        yield Change(Bump.MINOR, f"The input {_name(path)} takes more values than before.")
    else:
        yield Change(Bump.MAJOR, f"The input {_name(path)} no longer takes every value it took.")


def _allowed(schema: Mapping[str, Any]) -> frozenset[str] | None:
    values = schema.get("enum")
    return None if values is None else frozenset(canonical_json(value) for value in values)
