"""Cursors of lists: opaque to clients, signed, and good for the list that gave them out only."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence

from promptpilot.errors import CursorInvalid
from promptpilot.ports.table import Key, Position

_MAC_BYTES = 16
"""128 bits of HMAC-SHA256: out of reach for guessing, and half the length."""


def seal_cursor(position: Position, *, list: Sequence[str], key: bytes) -> str:
    """The cursor that goes on at `position` of the list that `list` names."""
    place = json.dumps(
        [position.at.partition, position.at.sort, position.key.partition, position.key.sort],
        separators=(",", ":"),
    )
    return seal(place, list=list, key=key)


def open_cursor(cursor: str, *, list: Sequence[str], key: bytes) -> Position:
    """The position that a cursor of this very list goes on at. Raises `CursorInvalid`."""
    at_partition, at_sort, partition, sort = json.loads(unseal(cursor, list=list, key=key))
    return Position(at=Key(at_partition, at_sort), key=Key(partition, sort))


def seal(place: str, *, list: Sequence[str], key: bytes) -> str:
    """The cursor that says `place`, in whatever words the list of that name has for its places."""
    said = place.encode()
    return base64.urlsafe_b64encode(_mac(said, list, key) + said).rstrip(b"=").decode()


def unseal(cursor: str, *, list: Sequence[str], key: bytes) -> str:
    """What a cursor of this very list says. Raises `CursorInvalid`."""
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise CursorInvalid from error
    mac, said = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(said, list, key)):
        raise CursorInvalid
    return said.decode()


def _mac(place: bytes, list: Sequence[str], key: bytes) -> bytes:
    # Names are told apart by JSON, so that no two lists have the same text.
    text = json.dumps([*list]).encode() + b"\0" + place
    return hmac.digest(key, text, hashlib.sha256)[:_MAC_BYTES]
