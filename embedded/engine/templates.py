"""JSON with JSONata in it: a string wholly in `{% %}` stands for the value of its expression."""

from collections.abc import Mapping
from typing import Any, Protocol

from embedded.engine.expressions import Environment, Expression, InvalidExpressionError
from promptpilot.errors import Problem

MAX_TEMPLATE_DEPTH = 100
OPENING, CLOSING = "{%", "%}"


class Template(Protocol):
    """A compiled value."""

    @property
    def cheap(self) -> bool:
        """Whether it may be evaluated on the event loop."""
        ...

    @property
    def names(self) -> frozenset[str]:
        """The variables and functions that it mentions."""
        ...

    def evaluate(self, environment: Environment) -> Any:
        """The value. Raises `StateFailed` and `SpentError`, see `Expression.evaluate`."""
        ...


class Constant:
    """A value without an expression in it."""

    __slots__ = ("value",)
    cheap = True
    names: frozenset[str] = frozenset()

    def __init__(self, value: Any) -> None:
        self.value = value

    def evaluate(self, environment: Environment) -> Any:
        """The value."""
        return self.value


class _Items:
    """An array with an expression somewhere in it."""

    __slots__ = ("_items", "cheap", "names")

    def __init__(self, items: list[Template]) -> None:
        self._items = items
        self.cheap = all(item.cheap for item in items)
        self.names = frozenset[str]().union(*(item.names for item in items))

    def evaluate(self, environment: Environment) -> Any:
        """The array."""
        return [item.evaluate(environment) for item in self._items]


class _Members:
    """An object with an expression somewhere in it."""

    __slots__ = ("_dynamic", "_skeleton", "cheap", "names")

    def __init__(self, members: Mapping[str, Template]) -> None:
        self._skeleton = {
            name: member.value if isinstance(member, Constant) else None
            for name, member in members.items()
        }
        self._dynamic = tuple(
            (name, member) for name, member in members.items() if not isinstance(member, Constant)
        )
        self.cheap = all(member.cheap for member in members.values())
        self.names = frozenset[str]().union(*(member.names for member in members.values()))

    def evaluate(self, environment: Environment) -> Any:
        """The object, its members in the order written."""
        value = self._skeleton.copy()
        for name, member in self._dynamic:
            value[name] = member.evaluate(environment)
        return value


def compile_template(source: Any, at: str, problems: list[Problem], depth: int = 0) -> Template:
    """Compile `source`, which stands at the JSON pointer `at`; adds what is wrong to `problems`."""
    if isinstance(source, str):
        return _text(source, at, problems)
    if depth > MAX_TEMPLATE_DEPTH:
        problems.append(Problem(at, "too_deep", "The value nests too deep."))
        return Constant(None)
    if isinstance(source, Mapping):
        members = {
            name: compile_template(value, f"{at}/{pointer_token(name)}", problems, depth + 1)
            for name, value in source.items()
        }
        constant = all(isinstance(member, Constant) for member in members.values())
        return Constant(source) if constant else _Members(members)
    if isinstance(source, list | tuple):
        items = [
            compile_template(value, f"{at}/{index}", problems, depth + 1)
            for index, value in enumerate(source)
        ]
        constant = all(isinstance(item, Constant) for item in items)
        return Constant(source) if constant else _Items(items)
    return Constant(source)


def _text(source: str, at: str, problems: list[Problem]) -> Template:
    opens, closes = source.startswith(OPENING), source.endswith(CLOSING)
    if not opens and not closes:
        return Constant(source)
    if not (opens and closes) or len(source) < len(OPENING + CLOSING):
        message = "An expression begins with '{%' and ends with '%}', without a space outside."
        problems.append(Problem(at, "expression_invalid", message))
        return Constant(source)
    try:
        return Expression(source[len(OPENING) : -len(CLOSING)].strip())
    except InvalidExpressionError as error:
        problems.append(Problem(at, "expression_invalid", f"No valid JSONata: {error}"))
        return Constant(source)


def pointer_token(name: str) -> str:
    """`name` as one part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
