"""A `RateLimiter` on a Valkey server."""

from collections.abc import Sequence

from promptpilot.adapters.memory.rate_limiter import MemoryRateLimiter
from promptpilot.adapters.valkey.scripts import GIVE_BACK, TAKE
from promptpilot.adapters.valkey.server import ValkeyServer
from promptpilot.errors import StoreUnavailable
from promptpilot.ports.rate_limiter import Take
from promptpilot.take_limits import require_bucket, require_takes


class ValkeyRateLimiter:
    """A take is one script, by the server's clock. While the server is out of reach, this process
    limits itself.
    """

    def __init__(self, server: ValkeyServer) -> None:
        self._server = server
        self._alone = MemoryRateLimiter()

    @property
    def degraded(self) -> bool:
        """See `RateLimiter.degraded`."""
        return self._server.outage.lasts

    async def take(self, takes: Sequence[Take], max_wait: float) -> float:
        """See `RateLimiter.take`."""
        require_takes(takes, max_wait)
        if not takes:
            return 0.0
        names = [self._name(take) for take in takes]
        arguments = [max_wait, *(number for take in takes for number in _numbers(take))]
        try:
            return float(await self._server.ask(lambda each: each.run(TAKE, names, arguments)))
        except StoreUnavailable:
            return await self._alone.take(takes, max_wait)

    async def give_back(self, take: Take) -> None:
        """See `RateLimiter.give_back`. Where that fails, the bucket gains by itself what it
        lacks.
        """
        require_bucket(take)
        names, numbers = [self._name(take)], _numbers(take)
        try:
            await self._server.ask(lambda client: client.run(GIVE_BACK, names, numbers))
        except StoreUnavailable:
            await self._alone.give_back(take)

    def _name(self, take: Take) -> str:
        return f"{self._server.prefix}:{{buckets}}:{take.key}"


def _numbers(take: Take) -> tuple[float, float, float]:
    return take.amount, take.capacity, take.per_second
