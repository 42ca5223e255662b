"""Caches and rate limiters of every kind: each made as often as there are processes that share it,
with a way to let time pass for what it keeps.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from promptpilot.adapters.memory.cache import MemoryCache
from promptpilot.adapters.memory.rate_limiter import MemoryRateLimiter
from promptpilot.adapters.table.cache import TableCache
from promptpilot.adapters.table.rate_limiter import TableRateLimiter
from promptpilot.adapters.valkey.cache import ValkeyCache
from promptpilot.adapters.valkey.rate_limiter import ValkeyRateLimiter
from promptpilot.ports.cache import Cache
from promptpilot.ports.rate_limiter import RateLimiter
from promptpilot.ports.table import Table
from tests.contract.hand_clock import HandClock
from tests.contract.valkey_servers import RunningValkey, reached_at

T = TypeVar("T")
OpenTable = Callable[[str], AbstractContextManager[Table]]

KINDS = ("memory", "sqlite", "dynamodb", "valkey")


@dataclass(frozen=True)
class Shared(Generic[T]):
    """`new` makes another that shares with the others, as another process would."""

    kind: str
    new: Callable[[], T]
    let_pass: Callable[[int], None]


async def by_turns(call: Any, /, *args: Any, **kwargs: Any) -> Any:
    """An `Offload` during which others of the loop do something, in whatever order."""
    await _others()
    result = call(*args, **kwargs)
    await _others()
    return result


async def _others() -> None:
    for _ in range(random.randrange(3)):
        await asyncio.sleep(0)


@asynccontextmanager
async def shared_cache(
    kind: str, open_table: OpenTable, valkey: RunningValkey, clock: HandClock
) -> AsyncIterator[Shared[Cache]]:
    if kind == "memory":
        memory = MemoryCache()
        yield Shared(kind, lambda: memory, clock.let_pass)
    elif kind == "valkey":
        async with _servers(valkey) as new:
            yield Shared(kind, lambda: ValkeyCache(new()), valkey.let_pass)
    else:
        with open_table(kind) as table:
            yield Shared(kind, lambda: TableCache(table, by_turns), clock.let_pass)


@asynccontextmanager
async def shared_limiter(
    kind: str, open_table: OpenTable, valkey: RunningValkey, clock: HandClock
) -> AsyncIterator[Shared[RateLimiter]]:
    if kind == "memory":
        memory = MemoryRateLimiter()
        yield Shared(kind, lambda: memory, clock.let_pass)
    elif kind == "valkey":
        async with _servers(valkey) as new:
            yield Shared(kind, lambda: ValkeyRateLimiter(new()), valkey.let_pass)
    else:
        with open_table(kind) as table:
            # As many tries as it takes: what comes after them is no business of all limiters.
            tries = (0.001,) * 200
            yield Shared(
                kind, lambda: TableRateLimiter(table, by_turns, pauses=tries), clock.let_pass
            )


@asynccontextmanager
async def _servers(valkey: RunningValkey) -> AsyncIterator[Callable[[], Any]]:
    valkey.clear()
    made: list[Any] = []

    def new() -> Any:
        made.append(reached_at(valkey.url))
        return made[-1]

    yield new
    for server in made:
        await server.close()
