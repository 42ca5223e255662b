"""The blocks of steps within a step, as it was sent: found before anything is known of its form.

A step is read without the steps that it holds, so that its own problems are told apart from
theirs. `hollow` puts one harmless step in the place of each block.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from promptpilot.compiler.node import Place

_STAND_IN = ({"id": "stand_in", "kind": "fail"},)


class RawBlock(NamedTuple):
    """A block with at least one step; `name` is that of a parallel's branch."""

    place: Place
    name: str | None
    steps: Sequence[Any]


def raw_blocks(step: Mapping[str, Any]) -> Iterator[RawBlock]:
    """The blocks that a step holds, in reading order."""
    kind = step.get("kind")
    find = _FINDERS.get(kind) if isinstance(kind, str) else None
    found = [*(find(step) if find else ()), *_caught(step)]
    yield from (block for block in found if isinstance(block.steps, list | tuple) and block.steps)


def hollow(step: Mapping[str, Any]) -> Mapping[str, Any]:
    """The step with another in the place of those that it holds."""
    result: Any = step
    for block in raw_blocks(step):
        result = _replaced(result, block.place)
    return result if isinstance(result, Mapping) else step


def _replaced(value: Any, place: Place) -> Any:
    """The value with the stand-in at a place, all on the way there copied."""
    if not place:
        return _STAND_IN
    first, *rest = place
    copy: Any = dict(value) if isinstance(value, Mapping) else list(value)
    copy[first] = _replaced(copy[first], tuple(rest))
    return copy


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _of_branch(step: Mapping[str, Any]) -> Iterator[RawBlock]:
    cases = step.get("cases")
    for at, case in enumerate(cases if isinstance(cases, list | tuple) else ()):
        yield RawBlock(("cases", at, "steps"), None, _member(case, "steps"))
    yield RawBlock(("otherwise",), None, step.get("otherwise", ()))


def _of_parallel(step: Mapping[str, Any]) -> Iterator[RawBlock]:
    branches = step.get("branches")
    if isinstance(branches, Mapping):
        for name, steps in branches.items():
            yield RawBlock(("branches", name), name, steps)


def _of_body(step: Mapping[str, Any]) -> Iterator[RawBlock]:
    yield RawBlock(("steps",), None, step.get("steps", ()))


def _caught(step: Mapping[str, Any]) -> Iterator[RawBlock]:
    yield RawBlock(("on_error", "steps"), None, _member(step.get("on_error"), "steps"))


_FINDERS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[RawBlock]]] = {
    "branch": _of_branch,
    "parallel": _of_parallel,
    "map": _of_body,
    "loop": _of_body,
}
