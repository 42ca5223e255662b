"""A `RateLimiter` that processes share through the table: an item for each bucket."""

import asyncio
import json
import math
import random
from collections.abc import Sequence
from dataclasses import replace

from promptpilot import keys
from promptpilot.adapters.memory.rate_limiter import MemoryRateLimiter
from promptpilot.adapters.outage import Outage
from promptpilot.adapters.per_loop import PerLoop
from promptpilot.adapters.taking import given_back, seconds_to_full, taking
from promptpilot.clock import epoch_ms
from promptpilot.domain.token_bucket import Bucket
from promptpilot.errors import ConditionFailed, StoreUnavailable
from promptpilot.ports.offload import Offload
from promptpilot.ports.rate_limiter import Take
from promptpilot.ports.table import Create, Item, Replace, Table
from promptpilot.take_limits import require_bucket, require_takes

KIND = "bucket"
PAUSES = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
"""The longest pauses, in seconds, before a take is tried again that another was faster than."""


class TableRateLimiter:
    """A take reads its buckets and writes them all in one transaction, on the condition that nobody
    has meanwhile. After a few tries, and while the table is out of reach, this process limits
    itself.

    Those of one event loop go one after another, since they would only be in each other's way.
    """

    def __init__(self, table: Table, offload: Offload, *, pauses: Sequence[float] = PAUSES) -> None:
        self._table = table
        self._offload = offload
        self._pauses = pauses
        self._alone = MemoryRateLimiter()
        self._outage = Outage("The table", meanwhile="each process limits its own rate")
        self._turn = PerLoop(asyncio.Lock)

    @property
    def degraded(self) -> bool:
        """See `RateLimiter.degraded`."""
        return self._outage.lasts

    async def take(self, takes: Sequence[Take], max_wait: float) -> float:
        """See `RateLimiter.take`."""
        require_takes(takes, max_wait)
        try:
            async with self._turn.here():
                with self._outage.trying():
                    seconds = await self._take(takes, max_wait)
        except StoreUnavailable:
            seconds = None
        return await self._alone.take(takes, max_wait) if seconds is None else seconds

    async def give_back(self, take: Take) -> None:
        """See `RateLimiter.give_back`. Where that fails, the bucket gains by itself what it lacks.

        What was taken of this process's own buckets is given to the shared one after an outage,
        which holds no more for that than its capacity.
        """
        require_bucket(take)
        try:
            async with self._turn.here():
                with self._outage.trying():
                    await self._give_back(take)
        except StoreUnavailable:
            await self._alone.give_back(take)

    async def _take(self, takes: Sequence[Take], max_wait: float) -> float | None:
        """None where others were faster each time."""
        for pause in (*self._pauses, None):
            items = await self._read(takes)
            done = taking(takes, [_bucket(item) for item in items], max_wait, epoch_ms())
            if not done.buckets or await self._write(takes, items, done.buckets):
                return done.seconds
            if pause is not None:
                await _pause(pause)
        return None

    async def _give_back(self, take: Take) -> None:
        for pause in (*self._pauses, None):
            [item] = await self._read([take])
            if item is None and take.amount >= 0:
                return
            bucket = given_back(take, _bucket(item), epoch_ms())
            if await self._write([take], [item], [bucket]):
                return
            if pause is not None:
                await _pause(pause)

    async def _read(self, takes: Sequence[Take]) -> list[Item | None]:
        return await self._offload(self._table.get_many, [keys.bucket(each.key) for each in takes])

    async def _write(
        self, takes: Sequence[Take], items: Sequence[Item | None], buckets: Sequence[Bucket]
    ) -> bool:
        changes = [_change(*each) for each in zip(takes, items, buckets, strict=True)]
        try:
            await self._offload(self._table.write, changes, durable=False)
        except ConditionFailed:
            return False
        return True


async def _pause(longest: float) -> None:
    await asyncio.sleep(longest * random.random())  # noqa: S311  spreads tries, keeps no secret


def _bucket(item: Item | None) -> Bucket | None:
    """None also for what was written by nobody who knows buckets."""
    if item is None:
        return None
    try:
        level, at_ms = json.loads(item.body)
        return Bucket(float(level), int(at_ms))
    except (ValueError, TypeError):
        return None


def _change(take: Take, item: Item | None, bucket: Bucket) -> Create | Replace:
    body = json.dumps([bucket.level, bucket.at_ms])
    # One second more, because the table counts whole ones.
    expires_at = bucket.at_ms // 1000 + math.ceil(seconds_to_full(take, bucket)) + 1
    if item is None:
        return Create(Item(keys.bucket(take.key), KIND, body, expires_at=expires_at))
    return Replace(replace(item.next(body), expires_at=expires_at))
