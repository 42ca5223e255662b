"""What is handed to Step Functions: JSON texts and words of its sizes."""

import json
from typing import Any

from promptpilot.domain.bounds import MAX_PAYLOAD_BYTES
from promptpilot.errors import Invalid, TooLarge

MAX_ERROR_CHARACTERS = 256
MAX_CAUSE_CHARACTERS = 32_768


def json_text(value: Any, what: str) -> str:
    """`value` as JSON text; `what` names it in an error.

    Raises `Invalid` for what is no JSON, `TooLarge` for more than a state may hold.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (ValueError, TypeError, RecursionError) as error:
        raise Invalid(f"{what} is no JSON: {error}") from error
    if size > MAX_PAYLOAD_BYTES:
        raise TooLarge(what=what, limit=MAX_PAYLOAD_BYTES, size=size)
    return text


def failure(error: str, cause: str) -> dict[str, str]:
    """An error's name and cause, cut to size; half a surrogate pair, which UTF-8 has no bytes for,
    is replaced.
    """
    return {
        "error": _storable(error[:MAX_ERROR_CHARACTERS]),
        "cause": _storable(cause[:MAX_CAUSE_CHARACTERS]),
    }


def _storable(text: str) -> str:
    return text.encode(errors="replace").decode()
