"""The closed loop that the benchmarks measure with."""

import asyncio

import pytest

from bench.load import Round, all_at_once, closed_loop


async def test_every_call_is_made_once_and_no_more_at_a_time_than_there_are_clients() -> None:
    made: list[int] = []
    running = most = 0

    async def call(number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        made.append(number)

    done = await closed_loop(call, clients=4, count=40, seconds=30)

    assert sorted(made) == list(range(40))
    assert most == 4
    assert len(done.latencies_ms) == 40


async def test_no_call_is_started_after_the_time_is_up() -> None:
    made: list[int] = []

    async def call(number: int) -> None:
        made.append(number)

    await closed_loop(call, clients=2, count=10, seconds=-1)

    assert made == []


async def test_a_failing_call_ends_the_round() -> None:
    async def call(number: int) -> None:
        if number == 3:
            raise LookupError(number)

    with pytest.raises(ExceptionGroup) as refused:
        await closed_loop(call, clients=2, count=10, seconds=30)

    assert refused.group_contains(LookupError)


async def test_calls_that_start_together_overlap() -> None:
    gathered = asyncio.Barrier(8)

    async def call(_number: int) -> None:
        await gathered.wait()

    async with asyncio.timeout(10):
        await all_at_once(call, count=8)


def test_a_round_tells_rate_median_and_tail() -> None:
    measured = Round(seconds=2.0, latencies_ms=[float(each) for each in range(1, 101)])

    assert measured.per_second == 50
    assert measured.median_ms == 50.5
    assert 95 <= measured.p95_ms <= 96
