"""Frames of `application/vnd.amazon.eventstream`, by Smithy's specification of the format: written
without botocore, which reads them.
"""

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

_TEXT = 7
"""The type of a header's value."""


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message; the values of all its headers are texts."""
    packed = (_header(name.encode(), value.encode()) for name, value in headers.items())
    return message(b"".join(packed), payload)


def message(headers: bytes, payload: bytes) -> bytes:
    """Both lengths, their checksum, the headers, the payload, and the checksum of it all."""
    lengths = struct.pack(">II", 4 + 4 + 4 + len(headers) + len(payload) + 4, len(headers))
    checked = lengths + struct.pack(">I", zlib.crc32(lengths)) + headers + payload
    return checked + struct.pack(">I", zlib.crc32(checked))


def _header(name: bytes, value: bytes) -> bytes:
    return b"%c%b%c%b%b" % (len(name), name, _TEXT, struct.pack(">H", len(value)), value)


def event(name: str, payload: Mapping[str, Any]) -> bytes:
    """A frame that goes on with the answer."""
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps(payload).encode())


def exception(name: str, message: str) -> bytes:
    """A frame that breaks the answer off."""
    headers = {
        ":exception-type": name,
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return frame(headers, json.dumps({"message": message}).encode())
