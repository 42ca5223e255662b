"""What is in a token bucket, and how long until there is enough. Pure.

A bucket may be lent from: then its level is below zero until it has gained what it owes.
"""

from dataclasses import dataclass

MAX_SKEW_MS = 60_000
"""How far the clocks of processes may be apart. A level that is from later than that was written by
a clock that has been set back since.
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """`level` tokens at `at_ms`, in milliseconds since 1970."""

    level: float
    at_ms: int

    def taken(self, amount: float) -> "Bucket":
        """The same with so much less in it."""
        return Bucket(self.level - amount, self.at_ms)


def filled(bucket: Bucket | None, capacity: float, per_second: float, now_ms: int) -> Bucket:
    """The bucket as it is now; None is one that is new, and full.

    Of two clocks the one that is ahead counts, so that going by turns gains nothing.
    """
    if bucket is None:
        return Bucket(capacity, now_ms)
    at_ms = bucket.at_ms if bucket.at_ms - now_ms <= MAX_SKEW_MS else now_ms
    gained = max(0, now_ms - at_ms) / 1000 * per_second
    return Bucket(min(capacity, bucket.level + gained), max(at_ms, now_ms))


def seconds_until(level: float, bucket: Bucket, per_second: float) -> float:
    """How long until the bucket has reached `level`; 0 where it has."""
    return max(0.0, (level - bucket.level) / per_second)
