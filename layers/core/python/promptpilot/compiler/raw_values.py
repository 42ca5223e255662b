"""What was sent as a workflow document, before anything is known about its shape: JSON, bounded."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from promptpilot.compiler.pointers import pointer
from promptpilot.errors import Problem, TooLarge

MAX_DOCUMENT_BYTES = 262_144
MAX_DEPTH = 64
MAX_PROBLEMS = 100

EXACT_INTEGERS = 2**53 - 1
"""JSONata's numbers are exact up to here."""


def value_problems(document: Any) -> list[Problem]:
    """What in the document is no JSON that every part of the product can hold, at most
    `MAX_PROBLEMS` of it. Raises `TooLarge` for a document of over `MAX_DOCUMENT_BYTES`, shared
    parts counted wherever they are used.
    """
    budget = _Budget(MAX_DOCUMENT_BYTES)
    problems: list[Problem] = []
    for problem in _walk(document, "", 0, budget):
        problems.append(problem)
        if len(problems) == MAX_PROBLEMS:
            break
    return problems


class _Budget:
    """Counts the bytes that the document's values have as JSON, not more than allowed."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._spent = 0

    def spend(self, size: int) -> None:
        self._spent += size
        if self._spent > self._limit:
            raise TooLarge(what="A workflow document", limit=self._limit)


def _walk(value: Any, at: str, depth: int, budget: _Budget) -> Iterator[Problem]:
    if depth > MAX_DEPTH:
        yield Problem(at, "too_deep", f"Lies more than {MAX_DEPTH} levels deep.")
    elif isinstance(value, Mapping):
        budget.spend(2)
        for name, each in value.items():
            yield from _member(name, each, at, depth, budget)
    elif isinstance(value, list | tuple):
        budget.spend(2)
        for place, each in enumerate(value):
            budget.spend(1)
            yield from _walk(each, pointer(at, place), depth + 1, budget)
    elif isinstance(value, str):
        yield from _text(value, at, budget)
    else:
        yield from _scalar(value, at, budget)


def _member(name: Any, value: Any, at: str, depth: int, budget: _Budget) -> Iterator[Problem]:
    if not isinstance(name, str):
        yield Problem(at, "key_not_text", "A key must be text; put it in quotes.")
        return
    budget.spend(2)
    yield from _text(name, at, budget)
    yield from _walk(value, pointer(at, name), depth + 1, budget)


def _text(text: str, at: str, budget: _Budget) -> Iterator[Problem]:
    size = len(text) if text.isascii() else len(text.encode(errors="replace"))
    budget.spend(size + 2)
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        yield Problem(at, "text_invalid", "Has half of a surrogate pair, which is no character.")


def _scalar(value: Any, at: str, budget: _Budget) -> Iterator[Problem]:
    budget.spend(4)
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, int):
        if abs(value) > EXACT_INTEGERS:
            message = "Is a whole number of more than 53 bits; write it as text."
            yield Problem(at, "number_too_large", message)
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield Problem(at, "number_not_finite", "Must be a finite number.")
    else:
        yield Problem(at, "not_json", "Is nothing that JSON can say.")
