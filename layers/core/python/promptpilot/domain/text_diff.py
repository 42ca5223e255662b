"""Texts compared word by word, and fields that changed, for people to read."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, Literal

from promptpilot.domain.base import Model

MAX_PAIRS = 40_000
"""How many pairs of equal words two texts may have, past which they are compared line by line."""

_WORD = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")

_Op = Literal["equal", "insert", "delete"]


class TextChange(Model):
    """Some text that both have, or only the newer (`insert`), or only the older (`delete`)."""

    op: _Op
    text: str


class FieldChange(Model):
    """A changed field, and its values; a field within another is called `settings/seed`."""

    field: str
    before: Any
    after: Any


def diff_text(old: str, new: str) -> tuple[TextChange, ...]:
    """The difference of two texts: by words, for large ones by lines, for huge ones as a whole."""
    for split, compare in ((_words, _compared), (_lines, _compared), (_lines, _exchanged)):
        before, after = split(old), split(new)
        start = _common(before, after)
        end = _common(before[start:][::-1], after[start:][::-1])
        middle = before[start : len(before) - end], after[start : len(after) - end]
        if compare is _exchanged or _pairs(*middle) <= MAX_PAIRS:
            break
    pieces: list[tuple[_Op, str]] = [
        ("equal", "".join(before[:start])),
        *compare(*middle),
        ("equal", "".join(before[len(before) - end :])),
    ]
    return tuple(TextChange(op=op, text=text) for op, text in pieces if text)


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many pieces both begin with."""
    pairs = zip(old, new, strict=False)
    different = (place for place, (left, right) in enumerate(pairs) if left != right)
    return next(different, min(len(old), len(new)))


def _pairs(old: Sequence[str], new: Sequence[str]) -> int:
    """How many pairs of equal pieces there are, which a comparison goes through over and over."""
    counts = Counter(new)
    return sum(count * counts[piece] for piece, count in Counter(old).items())


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[_Op, str]]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for op, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if op == "equal":
            yield "equal", "".join(old[old_start:old_end])
        else:
            yield "delete", "".join(old[old_start:old_end])
            yield "insert", "".join(new[new_start:new_end])


def _exchanged(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[_Op, str]]:
    yield "delete", "".join(old)
    yield "insert", "".join(new)
