"""One JSONata expression: parsed once, evaluated many times, within bounds."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.parser import Parser
from jsonata.utils import Utils

from embedded.engine.cheap_expressions import is_cheap
from embedded.engine.direct_paths import compile_reader
from embedded.engine.direct_values import DECLINED, UNDEFINED
from embedded.engine.failures import QUERY_EVALUATION_ERROR, StateFailed
from embedded.engine.jsonata_functions import MOMENT_FUNCTIONS, Moment, base_frame

MAX_CHARACTERS = 32_768
MAX_DEPTH = 200
"""How deep evaluations may nest; JSONata runs a tail call as a loop, which does not."""

_BASE = base_frame()
_NO_CALLBACKS = {"__evaluate_entry": None, "__evaluate_exit": None}
"""Looked up at every node: found at once, they need no search through the outer frames."""


class SpentError(Exception):
    """The evaluation took more time or values than its environment allows."""


class InvalidExpressionError(ValueError):
    """A text that is no JSONata."""


@dataclass(slots=True)
class Environment:
    """What an evaluation sees, and what it may spend: seconds, and values in its result."""

    variables: Mapping[str, Any]
    moment: Moment
    seconds: float
    values: int
    clock: Callable[[], float] = time.monotonic
    """What the seconds are counted by."""


class Expression:
    """A JSONata expression, without its `{% %}`. `cheap` ones may run on the event loop."""

    __slots__ = ("_interpreter", "_read", "cheap", "names", "source")

    def __init__(self, source: str) -> None:
        """Raises `InvalidExpressionError`, with the reason and the place, for a wrong one."""
        self.source = source
        self._interpreter = _parse(source)
        ast = self._interpreter.ast
        self.names = frozenset(_variable_names(ast))
        self._read = compile_reader(ast)
        self.cheap = self._read is not None or is_cheap(source, ast)

    def evaluate(self, environment: Environment) -> Any:
        """The value, as plain JSON types.

        Raises `StateFailed` with States.QueryEvaluationError where it fails or is undefined, and
        `SpentError`.
        """
        value = DECLINED if self._read is None else self._read(environment.variables)
        if value is DECLINED:
            value = self._interpret(environment)
        if value is UNDEFINED:
            raise self._failed("it gives nothing (undefined)")
        return value

    def _interpret(self, environment: Environment) -> Any:
        frame = Jsonata.Frame(_BASE)
        frame.bindings.update(_NO_CALLBACKS)
        for name in self.names:
            if name in environment.variables:
                value = environment.variables[name]
                frame.bindings[name] = Utils.NULL_VALUE if value is None else value
            elif name in MOMENT_FUNCTIONS:
                function = MOMENT_FUNCTIONS[name](environment.moment)
                frame.bindings[name] = Jsonata.JLambda(function)
        try:
            found = self._interpreter.run(frame, environment.seconds, environment.clock)
            return UNDEFINED if found is None else _Plain(environment.values).copy(found)
        except SpentError:
            raise
        except Exception as error:  # the interpreter lets any error of Python's escape
            if self._interpreter.spent:  # which `and` and `or` put an error of their own over
                raise SpentError from error
            raise self._failed(_message(error)) from error

    def _failed(self, reason: str) -> StateFailed:
        shown = self.source if len(self.source) <= 200 else f"{self.source[:200]}..."
        return StateFailed(
            QUERY_EVALUATION_ERROR, f"The JSONata expression '{shown}' failed: {reason}"
        )


def _parse(source: str) -> "_Interpreter":
    if len(source) > MAX_CHARACTERS:
        raise InvalidExpressionError(f"more than {MAX_CHARACTERS} characters")
    try:
        interpreter = _Interpreter(source)
    except Exception as error:  # the parser lets any error of Python's escape
        raise InvalidExpressionError(_message(error)) from error
    if interpreter.errors:
        raise InvalidExpressionError(str(interpreter.errors[0]))
    if "eval" in _variable_names(interpreter.ast):
        raise InvalidExpressionError("$eval does not exist here; $parse reads JSON")
    return interpreter


def _message(error: Exception) -> str:
    if isinstance(error, JException):
        return str(error.get_detailed_error_message())
    return f"{type(error).__name__}: {error}"


def _variable_names(ast: Any) -> Iterator[str]:
    pending, seen = [ast], set()
    while pending:
        node = pending.pop()
        if isinstance(node, list | tuple):
            pending.extend(node)
        elif isinstance(node, Parser.Symbol) and id(node) not in seen:
            seen.add(id(node))
            if node.type == "variable":
                yield node.value
            pending.extend(value for value in vars(node).values() if value is not node)


class _Interpreter(Jsonata):  # type: ignore[misc]  # its package has no types
    """jsonata-python with bounds in its inner loop."""

    _clock = staticmethod(time.monotonic)
    _deadline = 0.0
    _depth = 0
    spent = False
    """Whether the last run took too long."""

    def run(self, frame: Any, seconds: float, clock: Callable[[], float]) -> Any:
        """Evaluate once, in at most about `seconds`; None is undefined. Raises `SpentError`."""
        Jsonata.CURRENT.jsonata = self
        self._clock = clock
        self._deadline = clock() + seconds
        self._depth = 0
        self.spent = False
        return self.eval(self.ast, None, frame)

    def eval(self, expr: Any, input: Any, environment: Any) -> Any:
        if self._clock() > self._deadline:
            self.spent = True
            raise SpentError
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise JException("D1011", -1)
        try:
            return self._eval(expr, input, environment)
        finally:
            self._depth -= 1

    def apply_inner(self, proc: Any, args: Any, input: Any, environment: Any) -> Any:
        if not self.is_function_like(proc):  # asked here, since jsonata-python prints it
            raise JException("T1006", -1)
        return super().apply_inner(proc, args, input, environment)


class _Plain:
    """Copies what JSONata answers into plain JSON types, at most so many values of it."""

    def __init__(self, values: int) -> None:
        self._left = values

    def copy(self, value: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise SpentError
        if value is None or value is Utils.NULL_VALUE:
            return None
        if isinstance(value, str | bool | int):
            return value
        if isinstance(value, float) and isfinite(value):
            return value
        if isinstance(value, dict):
            return {key: self.copy(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.copy(each) for each in value]
        raise TypeError("a function, or a number out of range, is no JSON value")
