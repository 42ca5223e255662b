"""What every rate limiter does, wherever it keeps its buckets."""

import asyncio
import random
import time
from dataclasses import replace

import pytest

from promptpilot.ports.rate_limiter import MAX_TAKES, RateLimiter, Take
from tests.contract.shared_stores import Shared

SLOW = Take("slow", amount=1, capacity=3, per_second=0.001)
"""Of which hardly anything is gained while a test runs: some servers have a clock of their own."""


def about(seconds: float) -> object:
    return pytest.approx(seconds, rel=0.01, abs=0.01)


@pytest.fixture
def limiter(limiters: Shared[RateLimiter]) -> RateLimiter:
    return limiters.new()


async def test_a_new_bucket_is_full_and_then_empty(limiter: RateLimiter) -> None:
    assert [await limiter.take([SLOW], 0) for _ in range(3)] == [0, 0, 0]
    assert await limiter.take([SLOW], 0) == about(-1000)


async def test_a_bucket_is_shared_by_everybody(limiters: Shared[RateLimiter]) -> None:
    await limiters.new().take([replace(SLOW, amount=3)], 0)

    assert await limiters.new().take([SLOW], 0) < 0


async def test_what_is_refused_is_not_taken(limiter: RateLimiter) -> None:
    await limiter.take([replace(SLOW, amount=2)], 0)
    for _ in range(5):
        assert await limiter.take([replace(SLOW, amount=2)], 0) == about(-1000)

    assert await limiter.take([SLOW], 0) == 0


async def test_a_bucket_gains_with_time_up_to_its_capacity(limiters: Shared[RateLimiter]) -> None:
    limiter = limiters.new()
    take = replace(SLOW, amount=10, capacity=10)
    await limiter.take([take], 0)

    limiters.let_pass(2_000)
    assert await limiter.take([replace(take, amount=2)], 0) == 0
    assert await limiter.take([replace(take, amount=1)], 0) == about(-1000)
    limiters.let_pass(1_000_000)
    assert await limiter.take([take], 0) == 0
    assert await limiter.take([replace(take, amount=1)], 0) == about(-1000)


async def test_a_bucket_is_lent_from_and_who_asks_first_is_served_first(
    limiter: RateLimiter,
) -> None:
    take = replace(SLOW, amount=10, capacity=10)
    await limiter.take([take], 0)

    assert await limiter.take([replace(take, amount=1)], 6_000) == about(1_000)
    assert await limiter.take([replace(take, amount=2)], 6_000) == about(3_000)
    assert await limiter.take([replace(take, amount=5)], 6_000) == about(-8_000)
    assert await limiter.take([replace(take, amount=3)], 6_000) == about(6_000)


async def test_what_was_lent_is_there_when_it_was_promised(limiters: Shared[RateLimiter]) -> None:
    limiter = limiters.new()
    take = replace(SLOW, amount=10, capacity=10)
    await limiter.take([take], 0)
    await limiter.take([replace(take, amount=7)], 100_000)

    limiters.let_pass(10_000)

    assert await limiter.take([replace(take, amount=3)], 0) == about(0)
    assert await limiter.take([replace(take, amount=1)], 0) < 0


async def test_more_than_the_capacity_is_taken_as_the_capacity(limiter: RateLimiter) -> None:
    assert await limiter.take([replace(SLOW, amount=1_000_000)], 0) == 0
    assert await limiter.take([SLOW], 0) == about(-1000)
    assert await limiter.take([replace(SLOW, amount=1_000_000)], 0) == about(-3000)


async def test_all_is_taken_or_nothing(limiter: RateLimiter) -> None:
    full, empty = replace(SLOW, key="full", capacity=2), replace(SLOW, key="empty", capacity=1)
    await limiter.take([empty], 0)

    assert await limiter.take([full, empty], 0) == about(-1000)
    assert await limiter.take([empty, full], 0) == about(-1000)

    assert [await limiter.take([full], 0) for _ in range(2)] == [0, 0]


async def test_the_longest_wait_counts(limiter: RateLimiter) -> None:
    one = Take("one", amount=1, capacity=1, per_second=0.001)
    two = Take("two", amount=1, capacity=1, per_second=0.0002)
    await limiter.take([one, two], 0)

    assert await limiter.take([one, two], 6_000) == about(5_000)
    assert await limiter.take([one], 6_000) == about(2_000)


async def test_as_many_buckets_as_may_be_are_taken_from_at_once(limiter: RateLimiter) -> None:
    takes = [replace(SLOW, key=f"bucket {n}", capacity=1) for n in range(MAX_TAKES)]

    assert await limiter.take(takes, 0) == 0
    assert await limiter.take(takes, 0) == about(-1000)


async def test_taking_from_no_bucket_takes_no_time(limiter: RateLimiter) -> None:
    assert await limiter.take([], 0) == 0


async def test_taking_nothing_waits_for_what_others_owe(limiter: RateLimiter) -> None:
    nothing = replace(SLOW, amount=0)
    assert await limiter.take([nothing], 0) == 0
    await limiter.take([replace(SLOW, amount=3)], 0)
    await limiter.take([SLOW], 2_000)

    assert await limiter.take([nothing], 0) == about(-1000)


async def test_what_is_given_back_can_be_taken(limiter: RateLimiter) -> None:
    await limiter.take([replace(SLOW, amount=3)], 0)
    await limiter.give_back(replace(SLOW, amount=2))

    assert await limiter.take([replace(SLOW, amount=2)], 0) == about(0)
    assert await limiter.take([SLOW], 0) < 0


async def test_giving_back_makes_no_bucket_fuller_than_full(limiter: RateLimiter) -> None:
    await limiter.take([SLOW], 0)
    await limiter.give_back(replace(SLOW, amount=1_000))

    assert await limiter.take([replace(SLOW, amount=3)], 0) == 0
    assert await limiter.take([SLOW], 0) == about(-1000)


async def test_giving_back_to_a_bucket_that_is_not_there_changes_nothing(
    limiter: RateLimiter,
) -> None:
    await limiter.give_back(SLOW)

    assert await limiter.take([replace(SLOW, amount=3)], 0) == 0
    assert await limiter.take([SLOW], 0) == about(-1000)


async def test_more_is_taken_afterwards_whatever_there_is(limiter: RateLimiter) -> None:
    await limiter.give_back(replace(SLOW, amount=-8))

    assert await limiter.take([SLOW], 0) == about(-6000)


async def test_a_capacity_that_shrinks_takes_what_is_over_it(limiter: RateLimiter) -> None:
    await limiter.take([replace(SLOW, amount=0, capacity=100)], 0)
    await limiter.take([replace(SLOW, amount=1, capacity=100)], 0)

    assert await limiter.take([replace(SLOW, amount=3)], 0) == 0
    assert await limiter.take([SLOW], 0) == about(-1000)


@pytest.mark.parametrize(
    "takes",
    [
        [SLOW, SLOW],
        [replace(SLOW, key=f"{n}") for n in range(MAX_TAKES + 1)],
        [replace(SLOW, key="")],
        [replace(SLOW, amount=-1)],
        [replace(SLOW, amount=float("nan"))],
        [replace(SLOW, amount=float("inf"))],
        [replace(SLOW, capacity=0)],
        [replace(SLOW, per_second=0)],
        [replace(SLOW, per_second=float("inf"))],
    ],
)
async def test_takes_that_cannot_be_are_refused(limiter: RateLimiter, takes: list[Take]) -> None:
    with pytest.raises(ValueError):
        await limiter.take(takes, 0)


@pytest.mark.parametrize("longest", [-1, float("nan")])
async def test_a_wait_that_cannot_be_is_refused(limiter: RateLimiter, longest: float) -> None:
    with pytest.raises(ValueError):
        await limiter.take([SLOW], longest)


async def test_any_wait_may_be_long_enough(limiter: RateLimiter) -> None:
    for _ in range(100):
        assert await limiter.take([replace(SLOW, amount=3)], float("inf")) >= 0


@pytest.mark.parametrize("seed", range(5))
async def test_never_more_is_granted_than_there_is(
    limiters: Shared[RateLimiter], seed: int
) -> None:
    """Whatever is taken, lent and refused: what is there at any moment is the capacity, and what
    was gained until then.
    """
    chance = random.Random(seed)
    clients = [limiters.new(), limiters.new()]
    buckets = [
        Take("one", amount=0, capacity=10, per_second=2),
        Take("two", amount=0, capacity=5, per_second=0.5),
    ]
    granted: dict[str, list[tuple[float, float]]] = {each.key: [] for each in buckets}
    now, begun = 0, time.monotonic()
    for _ in range(60):
        takes = [
            replace(each, amount=chance.uniform(0, 6))
            for each in chance.sample(buckets, chance.randint(1, 2))
        ]
        seconds = await chance.choice(clients).take(takes, chance.choice([0, 0, 1, 5, 20]))
        for take in takes if seconds >= 0 else ():
            granted[take.key].append((now + seconds, min(take.amount, take.capacity)))
        if chance.random() < 0.6:
            passing = chance.randint(1, 4)
            limiters.let_pass(passing)
            now += passing

    really = time.monotonic() - begun + 0.01 if limiters.kind == "valkey" else 1e-6
    for bucket in buckets:
        assert granted[bucket.key], "the test has tested nothing"
        for moment, _ in granted[bucket.key]:
            until = sum(amount for at, amount in granted[bucket.key] if at <= moment)
            assert until <= bucket.capacity + bucket.per_second * (moment + really)


async def test_many_at_once_are_granted_no_more_than_there_is(
    limiters: Shared[RateLimiter],
) -> None:
    clients = [limiters.new(), limiters.new()]
    one = Take("one", amount=1, capacity=10, per_second=0.001)
    two = replace(one, key="two", capacity=30)

    async def take(number: int) -> float:
        takes = [one, two] if number % 2 else [two, one]
        return await clients[number % 2].take(takes, 0)

    waits = await asyncio.gather(*map(take, range(40)))

    assert sum(wait == 0 for wait in waits) == 10
    assert await clients[0].take([replace(two, amount=20)], 0) == about(0)
    assert await clients[1].take([two], 0) < 0


async def test_many_that_wait_are_each_given_a_turn_of_their_own(
    limiters: Shared[RateLimiter],
) -> None:
    clients = [limiters.new(), limiters.new()]
    one = replace(SLOW, capacity=1)

    waits = await asyncio.gather(*(clients[n % 2].take([one], 100_000) for n in range(12)))

    assert sorted(waits) == [about(1_000 * turn) for turn in range(12)]


async def test_a_limiter_that_is_there_is_not_degraded(limiter: RateLimiter) -> None:
    await limiter.take([SLOW], 0)

    assert not limiter.degraded
