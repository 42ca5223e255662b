"""Closed-loop load: every client sends its next request when it has the answer to its last."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

Call = Callable[[int], Awaitable[object]]


@dataclass(frozen=True)
class Round:
    """What one round of load took."""

    seconds: float
    latencies_ms: Sequence[float]

    @property
    def per_second(self) -> float:
        return len(self.latencies_ms) / self.seconds

    @property
    def median_ms(self) -> float:
        return median(self.latencies_ms)

    @property
    def p95_ms(self) -> float:
        return quantiles(self.latencies_ms, n=20, method="inclusive")[-1]


async def closed_loop(call: Call, *, clients: int, count: int, seconds: float) -> Round:
    """Make `count` calls, at most `clients` at once, and start none after `seconds`. The first
    failure ends the round with its exception.
    """
    numbers = iter(range(count))
    latencies: list[float] = []
    started = time.perf_counter()

    async def client() -> None:
        for number in numbers:
            before = time.perf_counter()
            if before - started > seconds:
                return
            await call(number)
            latencies.append((time.perf_counter() - before) * 1000)

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())
    return Round(time.perf_counter() - started, latencies)


async def all_at_once(call: Call, *, count: int) -> float:
    """Start `count` calls together; return the seconds until the last is done."""
    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(_ignore_result(call(number)))
    return time.perf_counter() - started


async def _ignore_result(call: Awaitable[object]) -> None:
    await call
