"""Semantic versioning enforced by the interface of a prompt: its variables and its output."""

from collections.abc import Iterator
from typing import Any

from promptpilot.domain.base import canonical_json
from promptpilot.domain.output_schema import schema_changes
from promptpilot.domain.prompt import PromptContent, PromptVersion
from promptpilot.domain.semver import Bump, Semver
from promptpilot.domain.variables import Variable
from promptpilot.domain.version_changes import Change, largest_first, raised_version


def changes_between(old: PromptContent, new: PromptContent) -> tuple[Change, ...]:
    """What changed, the largest changes first."""
    found = [
        *_variable_changes(old.variables, new.variables),
        *(Change(*change) for change in schema_changes(old.output_schema, new.output_schema)),
        *_inner_changes(old, new),
    ]
    return largest_first(found)


def _variable_changes(old: tuple[Variable, ...], new: tuple[Variable, ...]) -> Iterator[Change]:
    before = {variable.name: variable for variable in old}
    after = {variable.name: variable for variable in new}
    for name, variable in before.items():
        if name not in after:
            yield Change(Bump.MAJOR, f"The variable {name!r} was removed.")
        elif after[name] != variable:
            yield from _changes_of(variable, after[name])
    for name, variable in after.items():
        if name not in before and variable.required:
            yield Change(Bump.MAJOR, f"The required variable {name!r} was added.")
        elif name not in before:
            yield Change(Bump.MINOR, f"The optional variable {name!r} was added.")


def _changes_of(old: Variable, new: Variable) -> Iterator[Change]:
    name = old.name
    if old.type != new.type:
        change = f"from {old.type} to {new.type}"
        yield Change(Bump.MAJOR, f"The type of the variable {name!r} changed {change}.")
    if old.required and not new.required:
        yield Change(Bump.MINOR, f"The variable {name!r} became optional.")
    if new.required and not old.required:
        yield Change(Bump.MAJOR, f"The variable {name!r} became required.")
    if old.enum != new.enum:
        yield _enum_change(old, new)
    if old.default != new.default:
        yield Change(Bump.PATCH, f"The default of the variable {name!r} changed.")
    if old.description != new.description:
        yield Change(Bump.PATCH, f"The description of the variable {name!r} changed.")


def _enum_change(old: Variable, new: Variable) -> Change:
    before, after = _allowed(old), _allowed(new)
    if before is not None and after is not None and before == after:
        return Change(Bump.PATCH, f"The order of the enum of the variable {old.name!r} changed.")
    if after is None or (before is not None and before < after):
        return Change(Bump.MINOR, f"The variable {old.name!r} takes more values than before.")
    return Change(Bump.MAJOR, f"The variable {old.name!r} no longer takes every value it took.")


def _allowed(variable: Variable) -> frozenset[str] | None:
    """The allowed values, spelled so that they can be compared; None where all are."""
    if variable.enum is None:
        return None
    return frozenset(canonical_json(value) for value in variable.enum)


def _inner_changes(old: PromptContent, new: PromptContent) -> Iterator[Change]:
    """What callers do not see: each is a patch."""
    parts: list[tuple[str, Any, Any]] = [
        ("text", _texts(old), _texts(new)),
        ("attachments", _attachments(old), _attachments(new)),
        ("model", old.model, new.model),
        ("settings", old.settings, new.settings),
        ("tools", old.tools, new.tools),
    ]
    for name, before, after in parts:
        if before != after:
            verb = "were" if name.endswith("s") else "was"
            yield Change(Bump.PATCH, f"The {name} {verb} changed.")


def _texts(content: PromptContent) -> Any:
    if content.messages is None:
        return content.content
    return [(each.role, each.content) for each in content.messages]


def _attachments(content: PromptContent) -> Any:
    """What is attached where; nothing is attached to a message that there is not."""
    attached = enumerate(content.messages or ())
    return {place: each.attachments for place, each in attached if each.attachments}


def next_version(
    latest: PromptVersion,
    content: PromptContent,
    *,
    version: Semver | None = None,
    bump: Bump | None = None,
) -> Semver:
    """The version after `latest` with that content. Raises as `raised_version`."""
    changes = changes_between(latest, content)
    return raised_version(latest.version, changes, version=version, bump=bump)
