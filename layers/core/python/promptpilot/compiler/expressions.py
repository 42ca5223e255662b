"""JSONata expressions: parsed once, and what they refer to."""

import re
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.parser import Parser

from promptpilot.compiler.free_names import FreeNames, NestedTooDeep, Reference, free_names

OPENING, CLOSING = "{%", "%}"

MAX_CHARACTERS = 5_000
"""Of an expression as its author writes it. Parsing can take time that grows with the square."""

FUNCTIONS = (
    frozenset(Jsonata.static_frame.bindings) | {"partition", "range", "hash", "uuid", "parse"}
) - {"eval"}
"""The names of JSONata's functions and of those that Step Functions adds; it leaves out `$eval`."""

_NEWER_OPERATORS = ("??", "?:")
"""Of JSONata 2.1; Step Functions implements 2.0.6."""

_LINE_BREAKS = re.compile(r"[\n\r\u2028\u2029]+")
"""Some validators of state machines read an expression up to the end of its line."""

_PYTHON_TERMS = re.compile(r" of Object definition")


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression; its `source` is on one line.

    `references` are the variables that it does not bind itself, `strays` the names that stand where
    there is nothing to look them up in.
    """

    source: str
    references: tuple[Reference, ...]
    strays: tuple[Reference, ...]

    def mentions(self, name: str) -> bool:
        """Whether it uses the variable of that name from outside."""
        return any(reference.name == name for reference in self.references)


class ExpressionInvalid(ValueError):
    """A text that is no expression; the message is the end of a sentence about it."""


def is_expression(value: Any) -> bool:
    """Whether a value is an expression and no literal: a string wholly wrapped in `{% %}`."""
    return (
        isinstance(value, str)
        and value.startswith(OPENING)
        and value.endswith(CLOSING)
        and len(value) >= len(OPENING + CLOSING)
    )


def source_of(value: str) -> str:
    """The JSONata inside `{% %}`."""
    return value[len(OPENING) : -len(CLOSING)].strip()


def wrapped(source: str) -> str:
    """JSONata as a field of a state machine."""
    return f"{OPENING} {source} {CLOSING}"


@lru_cache(maxsize=4096)
def parse(source: str) -> Expression:
    """Parse JSONata as Step Functions implements it. Raises `ExpressionInvalid`."""
    if not source:
        raise ExpressionInvalid("is empty")
    if len(source) > MAX_CHARACTERS:
        raise ExpressionInvalid(f"has more than {MAX_CHARACTERS} characters")
    found, tokens = _parse(source)
    on_one_line = _LINE_BREAKS.sub(" ", source)
    if on_one_line != source and _parse(on_one_line)[1] != tokens:
        raise ExpressionInvalid("has a line break within a text or a name; write it as \\n")
    return Expression(on_one_line, found.references, found.strays)


class _Parser(Parser):  # type: ignore[misc]
    """Keeps the tokens, their types and values, and can be used again: to make one takes longer
    than to parse most expressions.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tokens: list[tuple[Any, Any]] = []
        self.errors: list[Exception] = []
        self.ancestry: list[Any] = []
        for operator in _NEWER_OPERATORS:
            del self.symbol_table[operator]

    def parse_anew(self, source: str) -> Any:
        self.tokens, self.errors, self.ancestry = [], [], []
        self.ancestor_label = self.ancestor_index = 0
        return self.parse(source)

    def advance(self, id: str | None = None, infix: bool = False) -> Any:
        node = super().advance(id, infix)
        self.tokens.append((node.type, node.value))
        return node


class _OfThread(threading.local):
    """Each thread has a parser of its own."""

    def __init__(self) -> None:
        self.parser = _Parser()


_of_thread = _OfThread()


def _parse(source: str) -> tuple[FreeNames, list[tuple[Any, Any]]]:
    parser = _of_thread.parser
    try:
        return free_names(parser.parse_anew(source)), parser.tokens
    except JException as error:
        raise ExpressionInvalid(_reason(error)) from error
    except IndexError as error:
        raise ExpressionInvalid("ends too early, or ends with a comment") from error
    except (RecursionError, NestedTooDeep) as error:
        raise ExpressionInvalid("is nested too deep") from error
    except KeyError as error:
        reason = f"uses {error.args[0]}, which is no operator of JSONata 2.0"
        raise ExpressionInvalid(reason) from error
    except Exception as error:  # the parser lets any error of Python's escape
        raise ExpressionInvalid("cannot be parsed") from error


def _reason(error: JException) -> str:
    place = f" at character {error.location}" if error.location > 0 else ""
    return f"does not parse{place}: {_PYTHON_TERMS.sub(' of a function', str(error))}"
