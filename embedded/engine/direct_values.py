"""The short way for what most states compute beside looking values up: counting rounds, checking
how long a list is, putting a small object together.

Each reader answers for the plain case alone, as JSONata would, and declines any other: numbers that
are whole, comparisons of like with like, conditions that are true or false. `$error` always
declines, so that JSONata itself fails with its own words.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

UNDEFINED: Any = object()
"""What an expression gives that finds nothing; JSON has no word for it."""

DECLINED: Any = object()

Reader = Callable[[Mapping[str, Any]], Any]
"""From the variables to the value, `UNDEFINED` or `DECLINED`."""

Compile = Callable[[Any], Reader | None]

MAX_SAFE = 2**53

_ARITHMETIC: Mapping[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_ALIKE: tuple[type, ...] = (int, str)


def condition(ast: Any, compile_reader: Compile) -> Reader | None:
    """`test ? then : otherwise`."""
    otherwise = getattr(ast, "_else", None)
    test, then = compile_reader(ast.condition), compile_reader(ast.then)
    other = undefined if otherwise is None else compile_reader(otherwise)
    if test is None or then is None or other is None:
        return None

    def read(variables: Mapping[str, Any]) -> Any:
        holds = test(variables)
        if holds is True:
            return then(variables)
        return other(variables) if holds is False else DECLINED

    return read


def undefined(variables: Mapping[str, Any]) -> Any:
    """Nothing."""
    return UNDEFINED


def binary(ast: Any, compile_reader: Compile) -> Reader | None:
    """Arithmetic of whole numbers, comparisons of numbers or of texts."""
    left, right = compile_reader(ast.lhs), compile_reader(ast.rhs)
    if left is None or right is None:
        return None
    if ast.value in _ARITHMETIC:
        return _arithmetic(_ARITHMETIC[ast.value], left, right)
    return _comparison(_ORDER[ast.value], left, right) if ast.value in _ORDER else None


def _arithmetic(operate: Callable[[int, int], int], left: Reader, right: Reader) -> Reader:
    def read(variables: Mapping[str, Any]) -> Any:
        one, other = left(variables), right(variables)
        if type(one) is not int or type(other) is not int:
            return DECLINED
        value = operate(one, other)
        return value if -MAX_SAFE < value < MAX_SAFE else DECLINED

    return read


def _comparison(compare: Callable[[Any, Any], bool], left: Reader, right: Reader) -> Reader:
    def read(variables: Mapping[str, Any]) -> Any:
        one, other = left(variables), right(variables)
        if type(one) is not type(other) or type(one) not in _ALIKE:
            return DECLINED
        return compare(one, other)

    return read


def unary(ast: Any, compile_reader: Compile) -> Reader | None:
    """An array of one part, or an object with names that are written out."""
    if ast.value == "[":
        return _array(ast, compile_reader)
    if ast.value != "{" or not all(key.type == "string" for key, _ in ast.lhs_object):
        return None
    parts = [(key.value, compile_reader(value)) for key, value in ast.lhs_object]
    if len({name for name, _ in parts}) < len(parts) or any(part is None for _, part in parts):
        return None
    return _object([(name, part) for name, part in parts if part is not None])


def _array(ast: Any, compile_reader: Compile) -> Reader | None:
    if len(ast.expressions) != 1 or ast.expressions[0].type == "unary":
        return None
    part = compile_reader(ast.expressions[0])
    if part is None:
        return None

    def read(variables: Mapping[str, Any]) -> Any:
        value = part(variables)
        if value is DECLINED or type(value) is list:
            return value
        return [] if value is UNDEFINED else [value]

    return read


def _object(parts: Sequence[tuple[str, Reader]]) -> Reader:
    def read(variables: Mapping[str, Any]) -> Any:
        made: dict[str, Any] = {}
        for name, part in parts:
            value = part(variables)
            if value is DECLINED:
                return DECLINED
            if value is not UNDEFINED:
                made[name] = value
        return made

    return read


def function(ast: Any, compile_reader: Compile) -> Reader | None:
    """A call of one of the functions below, with one argument."""
    if ast.procedure.type != "variable" or len(ast.arguments) != 1:
        return None
    if ast.procedure.value == "error":
        return lambda variables: DECLINED
    call = _FUNCTIONS.get(ast.procedure.value)
    argument = compile_reader(ast.arguments[0])
    if call is None or argument is None:
        return None
    return lambda variables: call(argument(variables))


def _count(value: Any) -> Any:
    return len(value) if type(value) is list else DECLINED


def _exists(value: Any) -> Any:
    return DECLINED if value is DECLINED else value is not UNDEFINED


def _string(value: Any) -> Any:
    if type(value) is int and -MAX_SAFE < value < MAX_SAFE:
        return str(value)
    return value if type(value) is str else DECLINED


_FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "count": _count,
    "exists": _exists,
    "string": _string,
}
