"""What every cache does, wherever it keeps the values."""

import asyncio
import random

import pytest

from promptpilot.ports.cache import MAX_KEY_BYTES, MAX_VALUE_BYTES, Cache
from tests.contract.shared_stores import Shared

LONG = 3600.0
EVERY_STORE_KEEPS = 250_000


@pytest.fixture
def cache(caches: Shared[Cache]) -> Cache:
    return caches.new()


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"text",
        'Fünf 🎉 \u0000 \ud7ff "quoted" \\ \n'.encode(),
        bytes(range(256)),
        b'{"json": [1, 2]}',
        b'"' * 64_000,
        b"\x01" * 64_000,
        random.Random(1).randbytes(EVERY_STORE_KEEPS),
        b"A sentence of which there are many. " * 20_000,
    ],
    ids=lambda value: f"{len(value)} bytes",
)
async def test_what_was_kept_is_there_to_the_byte_for_everybody(
    caches: Shared[Cache], value: bytes
) -> None:
    await caches.new().put("key", value, LONG)

    assert await caches.new().get("key") == value


async def test_what_nobody_kept_is_not_there(cache: Cache) -> None:
    assert await cache.get("key") is None


async def test_keys_do_not_get_into_each_others_way(cache: Cache) -> None:
    keys = ["k", "K", "k/", "k/META", "k:1", "k{1}", "k 1", "ключ", "k" * MAX_KEY_BYTES]
    for number, key in enumerate(keys):
        await cache.put(key, str(number).encode(), LONG)

    assert [await cache.get(key) for key in keys] == [b"%d" % n for n in range(len(keys))]


async def test_a_value_is_kept_over_another(cache: Cache) -> None:
    await cache.put("key", b"one", LONG)
    await cache.put("key", b"two", LONG)

    assert await cache.get("key") == b"two"


async def test_a_value_is_forgotten_once_its_time_is_over(caches: Shared[Cache]) -> None:
    cache = caches.new()
    await cache.put("short", b"value", 10)
    await cache.put("long", b"value", 100)

    caches.let_pass(8)
    assert await cache.get("short") == b"value"
    caches.let_pass(3)
    assert await cache.get("short") is None
    assert await cache.get("long") == b"value"


async def test_a_lifetime_under_a_second_is_over_after_one(caches: Shared[Cache]) -> None:
    cache = caches.new()
    await cache.put("key", b"value", 0.5)

    caches.let_pass(2)

    assert await cache.get("key") is None


async def test_keeping_it_again_starts_its_time_anew(caches: Shared[Cache]) -> None:
    cache = caches.new()
    await cache.put("key", b"value", 10)
    caches.let_pass(8)
    await cache.put("key", b"value", 10)
    caches.let_pass(8)

    assert await cache.get("key") == b"value"


async def test_a_value_is_added_only_where_there_is_none(cache: Cache) -> None:
    assert await cache.add("key", b"one", LONG) is True
    assert await cache.add("key", b"two", LONG) is False
    assert await cache.get("key") == b"one"


async def test_a_value_is_added_where_another_is_over_its_time(caches: Shared[Cache]) -> None:
    cache = caches.new()
    await cache.add("key", b"one", 10)
    caches.let_pass(11)

    assert await cache.add("key", b"two", 10) is True
    assert await cache.get("key") == b"two"


async def test_a_value_is_added_where_another_was_deleted(cache: Cache) -> None:
    await cache.add("key", b"one", LONG)
    await cache.delete("key")

    assert await cache.add("key", b"two", LONG) is True


async def test_of_many_that_add_at_once_exactly_one_is_told_so(caches: Shared[Cache]) -> None:
    clients = [caches.new() for _ in range(4)]
    for turn in range(5):

        async def add(number: int, key: str = f"key {turn}") -> bool:
            return await clients[number % 4].add(key, str(number).encode(), LONG)

        won = await asyncio.gather(*map(add, range(20)))

        assert sum(won) == 1
        assert await clients[0].get(f"key {turn}") == str(won.index(True)).encode()


async def test_what_was_deleted_is_not_there_and_deleting_nothing_is_fine(cache: Cache) -> None:
    await cache.put("key", b"value", LONG)
    await cache.delete("key")
    await cache.delete("key")

    assert await cache.get("key") is None


async def test_what_is_too_large_is_not_kept_nor_what_it_was_to_replace(cache: Cache) -> None:
    await cache.put("key", b"old", LONG)

    await cache.put("key", b" " * (MAX_VALUE_BYTES + 1), LONG)

    assert await cache.get("key") is None


async def test_adding_what_is_too_large_tells_whether_there_was_something(cache: Cache) -> None:
    large = b" " * (MAX_VALUE_BYTES + 1)

    assert await cache.add("key", large, LONG) is True
    assert await cache.get("key") is None
    await cache.put("key", b"value", LONG)
    assert await cache.add("key", large, LONG) is False


@pytest.mark.parametrize("key", ["", "k" * (MAX_KEY_BYTES + 1), "é" * MAX_KEY_BYTES, "\ud800"])
async def test_a_key_that_cannot_be_is_refused(cache: Cache, key: str) -> None:
    for call in (
        cache.get(key),
        cache.put(key, b"", LONG),
        cache.add(key, b"", LONG),
        cache.delete(key),
    ):
        with pytest.raises(ValueError):
            await call


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
async def test_a_lifetime_that_cannot_be_is_refused(cache: Cache, seconds: float) -> None:
    with pytest.raises(ValueError):
        await cache.put("key", b"", seconds)
    with pytest.raises(ValueError):
        await cache.add("key", b"", seconds)


async def test_a_lifetime_may_be_as_long_as_one_likes(cache: Cache) -> None:
    await cache.put("key", b"value", 1e30)

    assert await cache.get("key") == b"value"


async def test_many_at_once_get_what_is_theirs(caches: Shared[Cache]) -> None:
    cache = caches.new()
    for number in range(200):
        await cache.put(f"key {number}", b"%d" % number, LONG)

    got = await asyncio.gather(*(cache.get(f"key {number}") for number in range(200)))

    assert got == [b"%d" % number for number in range(200)]


async def test_nobody_gets_the_answer_to_a_call_that_was_cancelled(caches: Shared[Cache]) -> None:
    cache = caches.new()
    for number in range(20):
        await cache.put(f"key {number}", b"%d" % number, LONG)

    for number in range(20):
        cancelled = asyncio.create_task(cache.get(f"key {number}"))
        for _ in range(number % 10):
            await asyncio.sleep(0)
        cancelled.cancel()
        assert await cache.get(f"key {19 - number}") == b"%d" % (19 - number)
        await asyncio.gather(cancelled, return_exceptions=True)


async def test_a_cache_that_is_there_is_not_degraded(cache: Cache) -> None:
    await cache.get("key")

    assert not cache.degraded
