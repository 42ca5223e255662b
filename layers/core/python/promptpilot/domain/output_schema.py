"""The output schema of a prompt: what may be one, and what a change of it means for callers."""

from collections.abc import Iterator, Mapping
from typing import Any

from promptpilot.domain.base import canonical_json
from promptpilot.domain.semver import Bump
from promptpilot.errors import Problem

MAX_SCHEMA_BYTES = 64 * 1024

Path = tuple[str | int, ...]


def pointer(path: Path) -> str:
    """The JSON pointer (RFC 6901) of a path."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def schema_problem(
    schema: Mapping[str, Any], at: Path = ("output_schema",), code: str = "output_schema_invalid"
) -> Problem | None:
    """What is wrong with a schema that stands at `at`; None where nothing is."""

    def _problem(path: Path, message: str) -> Problem:
        return Problem(at=pointer((*at, *path)), code=code, message=message)

    if len(canonical_json(schema).encode()) > MAX_SCHEMA_BYTES:
        return _problem((), f"A schema may have at most {MAX_SCHEMA_BYTES} bytes.")
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - slow to import, and seldom needed
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415 - the same

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return _problem(tuple(error.absolute_path), error.message[:500])
    for path, ref in _refs(schema, ()):
        if not isinstance(ref, str) or not ref.startswith("#"):
            return _problem(path, "A reference can only point into the schema itself (#/...).")
    return None


def _refs(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            if key in {"$ref", "$dynamicRef"}:
                yield (*path, key), member
            yield from _refs(member, (*path, key))
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            yield from _refs(item, (*path, place))


def schema_changes(
    old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> Iterator[tuple[Bump, str]]:
    """How far each change of the schema raises the version, and why.

    A new optional field is minor; everything else, also having a schema or not, is major.
    """
    if old == new:
        return
    if old is None or new is None:
        what = "added" if old is None else "removed"
        yield Bump.MAJOR, f"The output schema was {what}."
        return
    yield from _changes(old, new, ())


def _changes(old: Any, new: Any, path: Path) -> Iterator[tuple[Bump, str]]:
    if old == new:
        return
    if not (_has_fields(old) and _has_fields(new)) or _rest(old) != _rest(new):
        yield Bump.MAJOR, f"The output schema changed at {pointer(path) or '/'}."
        return
    before, after = old["properties"], new["properties"]
    for name in before:
        place = (*path, "properties", name)
        if name not in after:
            yield Bump.MAJOR, f"The output field {name!r} was removed."
        else:
            yield from _changes(before[name], after[name], place)
    for name in after.keys() - before.keys():
        yield Bump.MINOR, f"The optional output field {name!r} was added."


def _has_fields(schema: Any) -> bool:
    return isinstance(schema, Mapping) and isinstance(schema.get("properties"), Mapping)


def _rest(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "properties"}
