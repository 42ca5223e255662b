"""Conditions of branches and loops."""

from promptpilot.compiler.expressions import source_of, wrapped
from promptpilot.compiler.states import Around
from promptpilot.compiler.templates import bound


def condition(expression: str, around: Around) -> str:
    """The condition of a Choice's rule.

    Step Functions takes true and false only; to JSONata itself other values are true or false as
    well, and what is nothing is false.
    """
    return wrapped(test_of(expression, around))


def test_of(expression: str, around: Around) -> str:
    """JSONata that gives true or false."""
    return f"( {bound(source_of(expression), around.bindings)} ) ? true : false"
