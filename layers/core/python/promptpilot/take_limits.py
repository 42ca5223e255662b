"""What a `RateLimiter` takes, the same on every store."""

import math
from collections.abc import Sequence

from promptpilot.cache_limits import require_key
from promptpilot.ports.rate_limiter import MAX_TAKES, Take


def require_takes(takes: Sequence[Take], max_wait: float) -> None:
    """Raises `ValueError` for takes that no limiter would do together."""
    if len(takes) > MAX_TAKES:
        raise ValueError(f"{len(takes)} takes are more than {MAX_TAKES}")
    if len({take.key for take in takes}) < len(takes):
        raise ValueError("two takes of one call are from the same bucket")
    if not max_wait >= 0:
        raise ValueError(f"nobody waits for {max_wait} seconds")
    for take in takes:
        require_bucket(take)
        if take.amount < 0:
            raise ValueError(f"less than nothing cannot be taken: {take}")


def require_bucket(take: Take) -> None:
    """Raises `ValueError` for a bucket that cannot be."""
    require_key(take.key)
    if not (0 < take.capacity < math.inf and 0 < take.per_second < math.inf):
        raise ValueError(f"a bucket holds and gains something: {take}")
    if not math.isfinite(take.amount):
        raise ValueError(f"an amount is a number: {take}")
