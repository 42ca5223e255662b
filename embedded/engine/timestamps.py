"""Moments as text."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=64)
def _iso_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def iso_time(milliseconds: int) -> str:
    """The moment as Step Functions writes it: 2026-11-24T09:30:00.000Z."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_iso_second(seconds)}.{rest:03d}Z"
