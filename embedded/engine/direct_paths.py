"""A short way for the expressions that most states consist of.

`$states.context.Task.Token`, `$summarize.output` or `( $input := $states.context.Execution.Input
.input; $input.notes )` only look values up. Where every object on the way is a JSON object, JSONata
answers with the very value found; so does this, in a fraction of the time. So it does for the small
computations of `direct_values`. On anything else (a list on the way, a filter) it declines, and
JSONata proper answers.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from embedded.engine import direct_values
from embedded.engine.direct_values import DECLINED, UNDEFINED, Compile, Reader

MAX_LOOKUPS = 6
"""In an expression that builds values: each may repeat what it finds, and one may hold another, so
this bounds how much larger than its input a value can become.
"""

_BUILDS = frozenset({"[", "{"})
_PLAIN = ("predicate", "stages", "group", "focus", "index", "tuple", "ancestor", "keep_array")


def compile_reader(ast: Any) -> Reader | None:
    """The reader of a parsed expression, or None for one that does more than these."""
    reader = _compile(ast)
    if reader is not None and builds(ast) and _lookups(ast) > MAX_LOOKUPS:
        return None
    return reader


def _compile(ast: Any) -> Reader | None:
    if not is_plain(ast):
        return None
    compile_node = _COMPILERS.get(ast.type)
    if compile_node is not None:
        return compile_node(ast)
    compile_value = _VALUES.get(ast.type)
    return compile_value(ast, _compile) if compile_value is not None else None


def builds(ast: Any) -> bool:
    """Whether an expression that has a reader builds an array or an object."""
    return any(node.type == "unary" and node.value in _BUILDS for node in _nodes(ast))


def _lookups(ast: Any) -> int:
    return sum(node.type in {"variable", "path"} for node in _nodes(ast))


def _nodes(ast: Any) -> Iterator[Any]:
    """The expressions within one that has a reader; a path is one of them."""
    yield ast
    parts: list[Any] = []
    if ast.type == "block":
        parts = [each.rhs if each.type == "bind" else each for each in ast.expressions]
    elif ast.type == "condition":
        otherwise = getattr(ast, "_else", None)
        parts = [ast.condition, ast.then, *([] if otherwise is None else [otherwise])]
    elif ast.type == "binary":
        parts = [ast.lhs, ast.rhs]
    elif ast.type == "function":
        parts = list(ast.arguments)
    elif ast.type == "unary" and ast.value == "{":
        parts = [value for _, value in ast.lhs_object]
    elif ast.type == "unary" and ast.value == "[":
        parts = list(ast.expressions)
    for part in parts:
        yield from _nodes(part)


def is_plain(ast: Any) -> bool:
    """Whether nothing is attached to the node: no filter, grouping, binding or index."""
    return not any(getattr(ast, name, None) for name in _PLAIN)


def _literal(ast: Any) -> Reader:
    value = ast.value
    return lambda variables: value


def _variable(ast: Any) -> Reader | None:
    name = ast.value
    return (lambda variables: variables.get(name, UNDEFINED)) if name not in {"", "$"} else None


def _path(ast: Any) -> Reader | None:
    first, *rest = ast.steps
    if ast.keep_singleton_array or first.type != "variable" or first.value in {"", "$"}:
        return None
    if not is_plain(first) or not all(step.type == "name" and is_plain(step) for step in rest):
        return None
    root = first.value
    names = tuple(step.value for step in rest)

    def read(variables: Mapping[str, Any]) -> Any:
        value = variables.get(root, UNDEFINED)
        for name in names:
            if type(value) is not dict:
                return DECLINED if isinstance(value, list) else UNDEFINED
            value = value.get(name, UNDEFINED)
        return value

    return read


def _block(ast: Any) -> Reader | None:
    *bindings, last = ast.expressions
    if not all(binding.type == "bind" for binding in bindings):
        return None
    names = [binding.lhs.value for binding in bindings]
    readers = [_compile(binding.rhs) for binding in bindings]
    read_last = _compile(last)
    if read_last is None or None in readers:
        return None
    steps = [(name, reader) for name, reader in zip(names, readers, strict=True) if reader]

    def read(variables: Mapping[str, Any]) -> Any:
        scope = dict(variables)
        for name, reader in steps:
            value = reader(scope)
            if value is DECLINED:
                return DECLINED
            scope[name] = value
        return read_last(scope)

    return read


_COMPILERS: Mapping[str | None, Callable[[Any], Reader | None]] = {
    "string": _literal,
    "number": _literal,
    "value": _literal,
    "variable": _variable,
    "path": _path,
    "block": _block,
}
_VALUES: Mapping[str | None, Callable[[Any, Compile], Reader | None]] = {
    "condition": direct_values.condition,
    "binary": direct_values.binary,
    "unary": direct_values.unary,
    "function": direct_values.function,
}
