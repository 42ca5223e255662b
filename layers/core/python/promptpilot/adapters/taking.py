"""Taking from several buckets at once, wherever they are kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from promptpilot.cache_limits import LONGEST_SECONDS
from promptpilot.domain.token_bucket import Bucket, filled, seconds_until
from promptpilot.ports.rate_limiter import Take


@dataclass(frozen=True, slots=True)
class Taking:
    """What comes of takes: `seconds` as `RateLimiter.take` returns them, and the buckets
    afterwards, none where nothing is taken.
    """

    seconds: float
    buckets: tuple[Bucket, ...] = ()


def taking(
    takes: Sequence[Take], buckets: Sequence[Bucket | None], max_wait: float, now_ms: int
) -> Taking:
    """Take from the buckets, which are in the order of the takes."""
    wait, after = 0.0, []
    for take, bucket in zip(takes, buckets, strict=True):
        here = filled(bucket, take.capacity, take.per_second, now_ms)
        amount = min(take.amount, take.capacity)
        wait = max(wait, seconds_until(amount, here, take.per_second))
        after.append(here.taken(amount))
    return Taking(wait, tuple(after)) if wait <= max_wait else Taking(-wait)


def given_back(take: Take, bucket: Bucket | None, now_ms: int) -> Bucket:
    """The bucket with the amount back in it, up to its capacity."""
    here = filled(bucket, take.capacity, take.per_second, now_ms)
    return Bucket(min(take.capacity, here.level + take.amount), here.at_ms)


def seconds_to_full(take: Take, bucket: Bucket) -> float:
    """After how long the bucket need not be kept any more: one that is not there is full."""
    return min(seconds_until(take.capacity, bucket, take.per_second), LONGEST_SECONDS)
