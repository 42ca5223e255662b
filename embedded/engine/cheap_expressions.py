"""Which expressions may be evaluated on the event loop itself.

JSONata is a programming language: it loops, it backtracks in regular expressions, it builds values
far larger than its input. The evaluator counts the nodes it visits, but a built-in function or a
value that doubles with every binding is not counted. An expression is cheap when that cannot
happen: no functions of its own, no regular expression, no range, no step of a path but a name and a
filter, only functions whose work grows with their arguments, and bindings that only look up. All
others are evaluated in a process of their own (`sandbox`).
"""

from collections.abc import Callable, Mapping
from typing import Any

from embedded.engine.direct_paths import builds, compile_reader

MAX_CHEAP_CHARACTERS = 1_000

_FUNCTIONS = frozenset(
    {
        *("abs", "append", "assert", "average", "boolean", "ceil", "contains", "count", "error"),
        *("exists", "floor"),
        *("hash", "keys", "length", "lookup", "lowercase", "max", "merge", "millis", "min", "not"),
        *("now", "number", "parse", "random", "round", "string", "substring", "substringAfter"),
        *("substringBefore", "sum", "trim", "type", "uppercase", "uuid"),
    }
)
_COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">=", "and", "or", "in"})
_OPERATORS = _COMPARISONS | {"+", "-", "*", "/", "%", "&"}
_LITERALS = frozenset({"string", "number", "value"})
_BARRED = ("group", "focus", "index", "tuple", "ancestor", "seeking_parent")


def is_cheap(source: str, ast: Any) -> bool:
    """Whether the work of the parsed expression is bounded by its own and its variables' size."""
    return len(source) <= MAX_CHEAP_CHARACTERS and _cheap(ast)


def _cheap(ast: Any, *, build: bool = True) -> bool:
    """`build` says whether the value may be built by a constructor: not where it is compared, or
    made again for every item of a list.
    """
    rule = _RULES.get(ast.type)
    if rule is None or any(getattr(ast, name, None) for name in _BARRED):
        return False
    filters = [*(ast.predicate or ()), *(ast.stages or ())]
    return rule(ast, build) and all(
        each.type == "filter" and _cheap(each.expr, build=False) for each in filters
    )


def _atom(ast: Any, build: bool) -> bool:
    return True


def _path(ast: Any, build: bool) -> bool:
    first, *rest = ast.steps
    return (
        first.type in {"variable", "name"}
        and _cheap(first)
        and all(step.type == "name" and _cheap(step) for step in rest)
    )


def _binary(ast: Any, build: bool) -> bool:
    return ast.value in _OPERATORS and _cheap(ast.lhs, build=False) and _cheap(ast.rhs, build=False)


def _unary(ast: Any, build: bool) -> bool:
    if ast.value == "-":
        return _cheap(ast.expression, build=False)
    if ast.value == "[":
        return all(_cheap(item) if build else item.type in _LITERALS for item in ast.expressions)
    return build and all(
        _cheap(key, build=False) and _cheap(value) for key, value in ast.lhs_object
    )


def _condition(ast: Any, build: bool) -> bool:
    otherwise = getattr(ast, "_else", None)
    branches = [ast.then] if otherwise is None else [ast.then, otherwise]
    return _cheap(ast.condition, build=False) and all(
        _cheap(each, build=build) for each in branches
    )


def _block(ast: Any, build: bool) -> bool:
    return all(_cheap(each, build=build) for each in ast.expressions)


def _bind(ast: Any, build: bool) -> bool:
    looks_up = compile_reader(ast.rhs) is not None and not builds(ast.rhs)
    return looks_up and ast.lhs.value not in _FUNCTIONS


def _function(ast: Any, build: bool) -> bool:
    if ast.procedure.type != "variable" or ast.procedure.value not in _FUNCTIONS:
        return False
    # What is merged is no larger than the parts that it is built from.
    build = build and ast.procedure.value == "merge"
    return all(_cheap(argument, build=build) for argument in ast.arguments)


_RULES: Mapping[str | None, Callable[[Any, bool], bool]] = {
    "string": _atom,
    "number": _atom,
    "value": _atom,
    "name": _atom,
    "variable": _atom,
    "path": _path,
    "binary": _binary,
    "unary": _unary,
    "condition": _condition,
    "block": _block,
    "bind": _bind,
    "function": _function,
}
