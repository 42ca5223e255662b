"""JSON that travels through a state machine, and how much of it may."""

import json
from typing import Any

from pydantic_core import from_json, to_json

from embedded.engine.failures import DATA_LIMIT_EXCEEDED, QUERY_EVALUATION_ERROR, StateFailed

MAX_PAYLOAD_BYTES = 262_144
"""The most bytes of JSON (UTF-8) of a state's input, output or arguments, and of one variable."""

MAX_VARIABLES_BYTES = 10 * 1024 * 1024
"""The most bytes of JSON of all variables of an execution."""

_strict = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def encode(value: Any) -> str:
    """`value` as JSON text without needless spaces.

    Raises `ValueError` or `TypeError` for what is no JSON: a number that is not finite, half a
    surrogate pair, a cycle, an object of another type.
    """
    text = to_json(value, inf_nan_mode="constants").decode()
    if "NaN" in text or "Infinity" in text:
        return _strict.encode(value)
    return text


def decode(text: str) -> Any:
    """The value of a JSON text that `encode` or a parser has approved."""
    try:
        return from_json(text)
    except ValueError:  # it nests deeper than the fast parser goes
        return json.loads(text)


def byte_size(text: str) -> int:
    """How many bytes `text` has in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def encode_payload(value: Any, what: str) -> str:
    """`value` as JSON text within the limit; `what` names it in the failure.

    Raises `StateFailed` with States.DataLimitExceeded for more than the limit.
    """
    try:
        text = encode(value)
    except (ValueError, TypeError, RecursionError) as error:
        raise StateFailed(QUERY_EVALUATION_ERROR, f"The {what} is no JSON: {error}") from error
    if byte_size(text) > MAX_PAYLOAD_BYTES:
        raise StateFailed(
            DATA_LIMIT_EXCEEDED,
            f"The {what} has more than {MAX_PAYLOAD_BYTES} bytes of JSON.",
        )
    return text
