"""Token buckets that all processes of a deployment share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

MAX_TAKES = 20
"""The most buckets that are taken from at once."""


@dataclass(frozen=True, slots=True)
class Take:
    """`amount` out of the bucket `key`, which holds `capacity` at most and gains `per_second`.

    A bucket is made full when it is first asked for. More than `capacity` is taken as `capacity`:
    it could never be had. `capacity` and `per_second` are above 0; where they change, what is in
    the bucket stays, up to the new capacity. A key has 1 to 1,000 bytes in UTF-8.
    """

    key: str
    amount: float
    capacity: float
    per_second: float


class RateLimiter(Protocol):
    """Token buckets. What is out of reach limits nobody more than this process can by itself: no
    method raises for that.

    From when a bucket is made until any moment, what was taken for that moment or before is never
    more than its capacity and what it has gained, where nothing was given back. Methods raise
    `ValueError` for a take that cannot be.
    """

    @property
    def degraded(self) -> bool:
        """Whether the buckets were out of reach when they were last asked for, so that this process
        limits itself.
        """
        ...

    async def take(self, takes: Sequence[Take], max_wait: float) -> float:
        """Take from all the buckets or from none, atomically: up to `MAX_TAKES`, each of another
        key.

        Returns the seconds after which what was taken is there: 0 where it was there already. What
        would take longer than `max_wait` (0 or more) is not taken, and the seconds are returned
        negative: after that long it is there, unless others take it. A bucket is lent from, so that
        whoever asks first is served first; what waits for one bucket has been taken from the others
        at once.
        """
        ...

    async def give_back(self, take: Take) -> None:
        """Put `amount` back into the bucket, or take as much more where it is negative, whatever
        is in it: for what turned out to be less, or more, than was thought. No bucket gets fuller
        than its capacity; one that is not there is full.
        """
        ...
