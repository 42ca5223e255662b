"""What a `Cache` takes, the same on every store."""

import math

from promptpilot.ports.cache import MAX_KEY_BYTES, MAX_VALUE_BYTES

LONGEST_SECONDS = 10 * 365 * 86_400
"""Ten years are for ever, and fit into every store's numbers."""


def require_key(key: str) -> None:
    """Raises `ValueError` for a key that is empty, too long or no Unicode text."""
    if not 0 < len(key.encode()) <= MAX_KEY_BYTES:
        raise ValueError(f"a key has 1 to {MAX_KEY_BYTES} bytes: {key[:40]!r}")


def lifetime_ms(seconds: float) -> int:
    """The lifetime in whole milliseconds, at least one. Raises `ValueError` where it has no end or
    no length.
    """
    if not 0 < seconds < math.inf:
        raise ValueError(f"a lifetime is above 0 seconds and ends: {seconds}")
    return math.ceil(min(seconds, LONGEST_SECONDS) * 1000)


def is_small(value: bytes) -> bool:
    """Whether it is kept at all."""
    return len(value) <= MAX_VALUE_BYTES
