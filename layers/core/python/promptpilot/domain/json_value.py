"""Values that are JSON, whole and bounded: what users may put where any JSON is allowed."""

import math
from collections.abc import Mapping
from types import NoneType
from typing import Annotated, Any

from pydantic import AfterValidator

MAX_DEPTH = 32
"""How deep arrays and objects may lie in each other."""

LARGEST_INTEGER = 2**63 - 1
"""The largest whole number, its negative being the smallest: 64 bits, which every store holds."""

_Scalar = str | int | float | bool | None
_SCALARS = (str, int, float, NoneType)
"""What most values are. To ask whether one is a `Mapping` takes longer."""


def json_fault(value: Any) -> str | None:
    """Why `value` is not JSON that can be stored and sent everywhere, or None where it is."""
    pending = [(value, 0)]
    while pending:
        item, depth = pending.pop()
        if depth > MAX_DEPTH:
            return f"lies more than {MAX_DEPTH} levels deep"
        if isinstance(item, _SCALARS):
            fault = _scalar_fault(item)
        elif isinstance(item, Mapping):
            fault = next(filter(None, map(_key_fault, item)), None)
            pending.extend((each, depth + 1) for each in item.values())
        elif isinstance(item, list | tuple):
            fault = None
            pending.extend((each, depth + 1) for each in item)
        else:
            fault = "is not JSON"
        if fault:
            return fault
    return None


def _key_fault(key: Any) -> str | None:
    return _scalar_fault(key) if isinstance(key, str) else "has a key that is not a string"


def _scalar_fault(value: _Scalar) -> str | None:
    if isinstance(value, str):
        return None if is_unicode(value) else "has text that is not valid Unicode"
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return None if abs(value) <= LARGEST_INTEGER else "has a number of more than 64 bits"
    return None if math.isfinite(value) else "has a number that is not finite"


def is_unicode(text: str) -> bool:
    """Whether the text can be encoded: a lone surrogate cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _checked(value: Any) -> Any:
    fault = json_fault(value)
    if fault:
        raise ValueError(f"the value {fault}")
    return value


JsonValue = Annotated[Any, AfterValidator(_checked)]
"""Any JSON: finite numbers of at most 64 bits, valid Unicode, at most `MAX_DEPTH` levels deep."""
