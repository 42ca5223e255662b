"""A `RateLimiter` of this process alone."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from promptpilot.adapters.taking import given_back, taking
from promptpilot.clock import epoch_ms
from promptpilot.domain.token_bucket import Bucket
from promptpilot.ports.rate_limiter import Take
from promptpilot.take_limits import require_bucket, require_takes

MAX_BUCKETS = 20_000
"""Some 4 MB. Beyond that the bucket that was used longest ago is forgotten, and so is full."""


class MemoryRateLimiter:
    """Buckets in a dictionary. Threads and event loops may share it."""

    def __init__(self, max_buckets: int = MAX_BUCKETS) -> None:
        self._max_buckets = max_buckets
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._lock = Lock()

    @property
    def degraded(self) -> bool:
        """Memory is always there."""
        return False

    async def take(self, takes: Sequence[Take], max_wait: float) -> float:
        """See `RateLimiter.take`."""
        require_takes(takes, max_wait)
        with self._lock:
            here = [self._find(take.key) for take in takes]
            done = taking(takes, here, max_wait, epoch_ms())
            for take, bucket in zip(takes, done.buckets, strict=False):  # none where refused
                self._keep(take.key, bucket)
            return done.seconds

    async def give_back(self, take: Take) -> None:
        """See `RateLimiter.give_back`."""
        require_bucket(take)
        with self._lock:
            self._keep(take.key, given_back(take, self._find(take.key), epoch_ms()))

    def _find(self, key: str) -> Bucket | None:
        bucket = self._buckets.get(key)
        if bucket is not None:
            self._buckets.move_to_end(key)
        return bucket

    def _keep(self, key: str, bucket: Bucket) -> None:
        self._buckets[key] = bucket
        if len(self._buckets) > self._max_buckets:
            self._buckets.popitem(last=False)
