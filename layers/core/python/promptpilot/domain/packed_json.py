"""JSON that is stored compressed: definitions repeat themselves, and an item has a largest size."""

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from promptpilot.domain.base import canonical_json


def _unpack(value: Any) -> Any:
    if isinstance(value, str):
        return json.loads(zlib.decompress(base64.b64decode(value)))
    return value


def _pack(value: Mapping[str, Any]) -> str:
    return base64.b64encode(zlib.compress(canonical_json(value).encode())).decode()


PackedJson = Annotated[
    Mapping[str, Any],
    BeforeValidator(_unpack),
    PlainSerializer(_pack, return_type=str, when_used="json"),
]
"""A JSON object; written as the base64 of its zlib-compressed canonical text."""
