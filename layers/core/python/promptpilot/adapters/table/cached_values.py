"""Values of a cache as the bodies of items: texts as they are, what is large compressed."""

import base64
import json
import zlib
from typing import Any

from promptpilot.ports.table import MAX_ITEM_BYTES

PLAIN_BYTES = 64_000
"""A larger text is worth the time that compressing takes: DynamoDB is paid for by the kilobyte."""

MAX_BODY_BYTES = MAX_ITEM_BYTES - 2_000
"""An item's key is a part of its size."""


def body_of(value: bytes, by: str = "") -> str | None:
    """The body of the item that keeps it; None for what does not fit an item. `by` is kept
    along, and read with `writer_of`.
    """
    content = _plain(value)
    if content is None:
        content = {"zlib": base64.b64encode(zlib.compress(value, 1)).decode()}
    if by:
        content["by"] = by
    body = json.dumps(content, ensure_ascii=False)
    return body if len(body.encode()) <= MAX_BODY_BYTES else None


def value_of(body: str) -> bytes | None:
    """The value that is kept in a body; None where it cannot be read."""
    content = _content(body)
    try:
        if "text" in content:
            return str(content["text"]).encode()
        return zlib.decompress(base64.b64decode(content["zlib"]))
    except (ValueError, KeyError, TypeError, zlib.error):
        return None


def writer_of(body: str) -> str:
    """Who has written a body; empty where that is not known."""
    return str(_content(body).get("by", ""))


def _content(body: str) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _plain(value: bytes) -> dict[str, Any] | None:
    if len(value) > PLAIN_BYTES:
        return None
    try:
        return {"text": value.decode()}
    except UnicodeDecodeError:
        return None
