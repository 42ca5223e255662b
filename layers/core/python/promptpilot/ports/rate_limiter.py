"""Token buckets that all processes of a deployment share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Take:
    """`amount` out of the bucket `key`, which holds `capacity` at most and gains `per_second`.

    A bucket is made full when it is first asked for. More than `capacity` is taken as `capacity`:
    it could never be had.
    """

    key: str
    amount: float
    capacity: float
    per_second: float


class RateLimiter(Protocol):
    """Token buckets. What is out of reach limits nobody more than this process can by itself: no
    method raises for that.
    """

    async def take(self, takes: Sequence[Take], max_wait: float) -> float:
        """Take from all the buckets or from none, atomically.

        Returns the seconds after which what was taken is there: 0 where it was there already. What
        would take longer than `max_wait` is not taken, and the seconds are returned negative: after
        that long it is worth asking again. A bucket is lent from, so that whoever asks first is
        served first.
        """
        ...

    async def give_back(self, take: Take) -> None:
        """Put `amount` back into the bucket, or take as much more where it is negative, whatever
        is in it: for what turned out to be less, or more, than was thought.
        """
        ...
