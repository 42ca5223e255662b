"""How long calls take, counted so that counts can be added up: a histogram with fixed buckets."""

from collections.abc import Iterable, Mapping
from math import ceil, floor, log
from typing import Annotated

from pydantic import Field

from promptpilot.domain.base import Model

BUCKETS = 64
FIRST_MS = 10.0
"""The first bucket holds what takes up to this long, the last all that takes over a quarter of an
hour: no call may.
"""
RATIO = 1.2
"""How much longer each bucket reaches than the one before. What is told of a bucket is its middle,
so it is right to within a tenth.
"""

_LOG_RATIO = log(RATIO)

Bucket = Annotated[int, Field(ge=0, lt=BUCKETS)]


class Histogram(Model):
    """How many calls took how long: by bucket, the empty ones left out."""

    counts: Mapping[Bucket, int] = {}

    @property
    def total(self) -> int:
        """How many calls there are."""
        return sum(self.counts.values())

    def quantile(self, share: float) -> float:
        """About how many milliseconds that share of the calls took at most. Raises `ValueError`
        where there are none.
        """
        left = max(1, ceil(share * self.total))
        for bucket in sorted(self.counts):
            left -= self.counts[bucket]
            if left <= 0:
                return _middle(bucket)
        raise ValueError("nothing has been measured")


def bucket_of(milliseconds: float) -> int:
    """The bucket of what took so long."""
    if milliseconds <= FIRST_MS:
        return 0
    return min(BUCKETS - 1, floor(log(milliseconds / FIRST_MS) / _LOG_RATIO) + 1)


def summed(histograms: Iterable[Histogram]) -> Histogram:
    """All together."""
    counts: dict[int, int] = {}
    for each in histograms:
        for bucket, count in each.counts.items():
            counts[bucket] = counts.get(bucket, 0) + count
    return Histogram(counts=counts)


def _middle(bucket: int) -> float:
    """Between its ends; nothing is known of the first one's lower end but that it is above 0."""
    end = FIRST_MS * RATIO**bucket
    return round(end / 2 if bucket == 0 else end / RATIO**0.5, 1)


class Latency(Model):
    """How long answers of a model have taken in a workspace: half of its `calls` took `p50_ms` or
    less, nineteen of twenty `p95_ms` or less, to within a tenth. Calls that failed are in none.
    """

    p50_ms: float
    p95_ms: float
    calls: int
    days: int
    """Of so many days, today among them."""

    @classmethod
    def of(cls, histogram: Histogram, days: int) -> "Latency":
        """What a histogram says that is not empty."""
        return cls(
            p50_ms=histogram.quantile(0.5),
            p95_ms=histogram.quantile(0.95),
            calls=histogram.total,
            days=days,
        )
