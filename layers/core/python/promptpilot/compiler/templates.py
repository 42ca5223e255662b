"""Values with expressions in them: finding the expressions, and giving them what they need."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptpilot.compiler.expressions import (
    CLOSING,
    OPENING,
    is_expression,
    parse,
    source_of,
    wrapped,
)
from promptpilot.compiler.pointers import pointer


@dataclass(frozen=True, slots=True)
class Binding:
    """A variable that is bound where it is used: `$name := source`."""

    name: str
    source: str


INPUT = Binding("input", "$states.context.Execution.Input.input")
"""The execution's input. A state machine's own input is an envelope around it."""


def texts_in(value: Any, at: str) -> Iterator[tuple[str, str]]:
    """Every text in a value that stands at `at`, with its place."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from texts_in(each, pointer(at, name))
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            yield from texts_in(each, pointer(at, place))


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from texts_of(each)


def has_expressions(value: Any) -> bool:
    """Whether a value is not the same in every execution."""
    return any(map(is_expression, texts_of(value)))


def mentions(value: Any, name: str) -> int:
    """How many expressions in a value use a variable."""
    return sum(
        is_expression(text) and parse(source_of(text)).mentions(name) for text in texts_of(value)
    )


def looks_unfinished(text: str) -> bool:
    """Whether a text is neither an expression nor clearly a literal: a state machine would refuse
    it, or take for text what was meant to be evaluated.
    """
    if is_expression(text):
        return False
    trimmed = text.strip()
    one_sided = text.startswith(OPENING) or text.endswith(CLOSING)
    return one_sided or (trimmed.startswith(OPENING) and trimmed.endswith(CLOSING))


def bound(source: str, bindings: Sequence[Binding]) -> str:
    """The expression with those of the bindings that it mentions in front of it."""
    expression = parse(source)
    source = expression.source
    front = "".join(
        f"${each.name} := {each.source}; " for each in bindings if expression.mentions(each.name)
    )
    return f"( {front}{source} )" if front else source


def rendered(value: Any, bindings: Sequence[Binding]) -> Any:
    """The value with expressions that see the bindings."""
    if is_expression(value):
        return wrapped(bound(source_of(value), bindings))
    if isinstance(value, Mapping):
        return {name: rendered(each, bindings) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [rendered(each, bindings) for each in value]
    return value
