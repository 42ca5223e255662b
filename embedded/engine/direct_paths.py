"""A short way for the expressions that most states consist of.

`$states.context.Task.Token`, `$summarize.output` or `( $input := $states.context.Execution.Input
.input; $input.notes )` only look values up. Where every object on the way is a JSON object, JSONata
answers with the very value found; so does this, in a fraction of the time. On anything else (a list
on the way, a filter, an operator) it declines, and JSONata proper answers.
"""

from collections.abc import Callable, Mapping
from typing import Any

UNDEFINED: Any = object()
"""What an expression gives that finds nothing; JSON has no word for it."""

DECLINED: Any = object()

Reader = Callable[[Mapping[str, Any]], Any]
"""From the variables to the value, `UNDEFINED` or `DECLINED`."""

_PLAIN = ("predicate", "stages", "group", "focus", "index", "tuple", "ancestor", "keep_array")


def compile_reader(ast: Any) -> Reader | None:
    """The reader of a parsed expression, or None for one that does more than look up."""
    compile_node = _COMPILERS.get(ast.type)
    return compile_node(ast) if compile_node and is_plain(ast) else None


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
    readers = [compile_reader(binding.rhs) for binding in bindings]
    read_last = compile_reader(last)
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
