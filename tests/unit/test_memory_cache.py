"""How much a cache in memory keeps, and who may share it."""

import asyncio

import pytest

from promptpilot.adapters.memory.cache import ENTRY_BYTES, MemoryCache
from promptpilot.adapters.memory.rate_limiter import MemoryRateLimiter
from promptpilot.ports.rate_limiter import Take
from tests.contract.threads import in_threads

VALUE = b"v" * (1000 - ENTRY_BYTES - 1)
"""A thousand bytes with a key of one."""


async def kept(cache: MemoryCache, keys: str) -> str:
    return "".join([key for key in keys if await cache.get(key) is not None])


async def test_what_was_used_longest_ago_makes_room() -> None:
    cache = MemoryCache(max_bytes=3000)
    for key in "abc":
        await cache.put(key, VALUE, 60)
    await cache.get("a")

    await cache.put("d", VALUE, 60)

    assert await kept(cache, "abcd") == "acd"


async def test_writing_over_a_value_takes_the_room_of_the_new_one_only() -> None:
    cache = MemoryCache(max_bytes=3000)
    for key in "abaab":
        await cache.put(key, VALUE, 60)
    await cache.delete("b")
    for key in "cd":
        await cache.put(key, VALUE, 60)

    assert await kept(cache, "abcd") == "acd"


async def test_a_value_that_alone_is_too_large_throws_nothing_out() -> None:
    cache = MemoryCache(max_bytes=3000)
    await cache.put("a", VALUE, 60)
    await cache.put("b", VALUE * 5, 60)

    assert await kept(cache, "ab") == "a"


def test_threads_and_their_loops_may_share_it() -> None:
    cache = MemoryCache(max_bytes=20_000)
    won: list[int] = []

    def work(number: int) -> None:
        async def many() -> None:
            for turn in range(300):
                if await cache.add(f"only one {turn}", b"", 60):
                    won.append(turn)
                await cache.put(str(turn % 7), VALUE, 60)
                await cache.get(str(number))
                await cache.delete(str(turn % 5))

        asyncio.run(many())

    in_threads(8, work)

    assert set(won) == set(range(300))
    assert cache._bytes == sum(entry.weight for entry in cache._entries.values()) <= 20_000


def test_threads_that_take_at_once_get_no_more_than_there_is() -> None:
    limiter = MemoryRateLimiter()
    take = Take("key", amount=1, capacity=500, per_second=1e-6)
    granted: list[float] = []

    def work(_: int) -> None:
        async def many() -> None:
            granted.extend([await limiter.take([take], 0) for _ in range(200)])

        asyncio.run(many())

    in_threads(8, work)

    assert granted.count(0) == 500


async def test_the_bucket_that_was_used_longest_ago_is_forgotten() -> None:
    limiter = MemoryRateLimiter(max_buckets=2)
    takes = {key: Take(key, amount=1, capacity=1, per_second=0.001) for key in "abc"}
    for key in "abac":
        await limiter.take([takes[key]], 0)

    assert await limiter.take([takes["a"]], 0) == pytest.approx(-1000, rel=0.01)
    assert await limiter.take([takes["b"]], 0) == 0
