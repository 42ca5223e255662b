"""The stretch of a partition that a query reads, the same on every store."""

from dataclasses import dataclass

from promptpilot.errors import CursorInvalid
from promptpilot.ports.table import Index, Position
from promptpilot.table_limits import MAX_PAGE_ITEMS

_LAST_BEFORE_SURROGATES = 0xD7FF
_FIRST_AFTER_SURROGATES = 0xE000
_LAST_CODE_POINT = 0x10FFFF


@dataclass(frozen=True, slots=True)
class SortRange:
    """Sort keys from `start` up to, but without, `end`; None is the end of the partition."""

    start: str
    end: str | None


def sort_range(
    partition: str, index: Index, prefix: str, limit: int, after: Position | None
) -> SortRange:
    """The sort keys that start with `prefix`, for a query of these arguments.

    Raises `ValueError` for a limit out of 1..1000, `CursorInvalid` for a position that a query of
    this partition, index and prefix does not give out.
    """
    if not 1 <= limit <= MAX_PAGE_ITEMS:
        raise ValueError(f"limit {limit} is not in 1..{MAX_PAGE_ITEMS}")
    if after is not None and not (
        after.at.partition == partition
        and after.at.sort.startswith(prefix)
        and (index is not Index.PRIMARY or after.at == after.key)
    ):
        raise CursorInvalid
    return SortRange(prefix, _successor(prefix))


def _successor(prefix: str) -> str | None:
    """The least string that is greater than every string that starts with `prefix`.

    UTF-8 bytes order as code points do, so it is the prefix with its last code point raised by one.
    """
    kept = prefix.rstrip(chr(_LAST_CODE_POINT))
    if not kept:
        return None
    last = ord(kept[-1])
    following = _FIRST_AFTER_SURROGATES if last == _LAST_BEFORE_SURROGATES else last + 1
    return kept[:-1] + chr(following)
