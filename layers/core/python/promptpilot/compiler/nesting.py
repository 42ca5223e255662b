"""Rendered values as parts of expressions, and as fields of state machines that all tools take."""

import json
import re
from collections.abc import Mapping
from typing import Any

from promptpilot.compiler.expressions import is_expression, source_of, wrapped
from promptpilot.compiler.templates import has_expressions
from promptpilot.domain.bounds import MAX_EXPRESSION_CHARACTERS

_ONE_LINE = re.compile(r"[^\n\r\u2028\u2029]+")

_STRUCTURE = frozenset(
    {"StartAt", "States", "Next", "Default", "Branches", "Iterator", "Parameters", "ResultSelector"}
)
"""Fields of state machines that `asl-validator` looks for everywhere, also in values."""


def portable(template: Any) -> Any:
    """A rendered value as a field that all validators take.

    `asl-validator` takes no text that is empty or has several lines, no array right in another, and
    looks at some keys of objects. Such parts are given as expressions, unless too long for one.
    """
    if isinstance(template, Mapping):
        if _STRUCTURE.isdisjoint(template):
            return {name: portable(each) for name, each in template.items()}
        return as_expression(template)
    if isinstance(template, list | tuple):
        return [
            as_expression(each) if isinstance(each, list) else portable(each) for each in template
        ]
    if isinstance(template, str) and not _ONE_LINE.fullmatch(template):
        return as_expression(template)
    return template


def as_expression(template: Any) -> Any:
    """A rendered value as a single expression; as it is where it is one, or is too long for one."""
    if is_expression(template):
        return template
    expression = wrapped(as_source(template))
    return expression if len(expression) <= MAX_EXPRESSION_CHARACTERS else template


def as_source(template: Any) -> str:
    """JSONata for a rendered value. As in the value itself, an expression that gives nothing fails.

    An array constructor would flatten arrays that its expressions give, so an array with
    expressions is made by way of an object.
    """
    if is_expression(template):
        return f"( {source_of(template)} )"
    if isinstance(template, Mapping):
        members = (f"{_literal(name)}: {_member(each)}" for name, each in template.items())
        return f"{{{', '.join(members)}}}"
    if isinstance(template, list | tuple) and has_expressions(template):
        members = (f'"{place}": {_member(each)}' for place, each in enumerate(template))
        return f"$each({{{', '.join(members)}}}, function($v) {{ $v }})[]"
    return _literal(template)


def _member(template: Any) -> str:
    """Constructors leave out what is nothing; this does not."""
    source = as_source(template)
    if not is_expression(template):
        return source
    return (
        f"( $Value := {source}; $assert($exists($Value), 'An expression gives nothing.'); $Value )"
    )


def _literal(value: Any) -> str:
    """JSON is JSONata, save that escapes of characters beyond 16 bits are not put together."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
