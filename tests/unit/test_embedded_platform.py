"""What the embedded platform keeps and limits with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from embedded.platform import EmbeddedPlatform
from promptpilot.adapters.memory.rate_limiter import MemoryRateLimiter
from promptpilot.adapters.table.cache import TableCache
from promptpilot.adapters.valkey.cache import ValkeyCache
from promptpilot.adapters.valkey.rate_limiter import ValkeyRateLimiter
from promptpilot.settings import Settings
from tests.contract.valkey_servers import running_valkey


@asynccontextmanager
async def started(folder: Path, **environ: str) -> AsyncIterator[EmbeddedPlatform]:
    settings = Settings.read({"PROMPTPILOT_DATA": str(folder), **environ})
    platform = EmbeddedPlatform(settings, with_model=False)
    platform.start()
    try:
        yield platform
    finally:
        await asyncio.to_thread(platform.close)


async def test_what_was_kept_outlives_the_process(tmp_path: Path) -> None:
    async with started(tmp_path) as before:
        assert isinstance(before.ports.cache, TableCache)
        assert isinstance(before.ports.rate_limiter, MemoryRateLimiter)
        await before.ports.cache.put("key", b"value", 60)

    async with started(tmp_path) as after:
        assert await after.ports.cache.get("key") == b"value"


async def test_a_valkey_server_is_used_where_one_is_told(tmp_path: Path) -> None:
    with running_valkey() as valkey:
        async with started(tmp_path, PROMPTPILOT_VALKEY_URL=valkey.url) as platform:
            assert isinstance(platform.ports.cache, ValkeyCache)
            assert isinstance(platform.ports.rate_limiter, ValkeyRateLimiter)
            await platform.ports.cache.put("key", b"value", 60)
            assert platform.ports.degraded == ()
        with valkey.client as client:
            assert list(client.scan_iter()) == [b"promptpilot:cache:key"]
