"""What the service tells of its health."""

from promptpilot import platform
from promptpilot.adapters.valkey.cache import ValkeyCache
from promptpilot.adapters.valkey.rate_limiter import ValkeyRateLimiter
from promptpilot.ports.rate_limiter import Take
from tests.contract.valkey_servers import reached_at
from tests.handlers.here import Caller, memory_platform

NOWHERE = "valkey://127.0.0.1:1"


async def test_what_is_out_of_reach_is_told_and_all_the_same_the_service_is_well() -> None:
    server = reached_at(NOWHERE)
    cache, limiter = ValkeyCache(server), ValkeyRateLimiter(server)
    platform.install(memory_platform(cache=cache, rate_limiter=limiter))

    before = Caller().get("/health")
    await limiter.take([Take("key", amount=1, capacity=1, per_second=1)], 0)
    after = Caller().get("/health")

    assert (before.status, before.json) == (200, {"status": "ok", "degraded": []})
    assert (after.status, after.json) == (
        200,
        {"status": "ok", "degraded": ["cache", "rate_limiter"]},
    )
    await server.close()
    platform.install(None)
