"""A `Cache` on a Valkey server."""

from promptpilot.adapters.memory.cache import MemoryCache
from promptpilot.adapters.valkey.server import ValkeyServer
from promptpilot.cache_limits import is_small, lifetime_ms, require_key
from promptpilot.errors import StoreUnavailable

SPARE_BYTES = 8 * 1024 * 1024
"""Of the cache that stands in while the server is out of reach."""


class ValkeyCache:
    """While the server is out of reach, this process keeps a small cache of its own, made anew for
    each outage: what it held in the one before may have changed since.
    """

    def __init__(self, server: ValkeyServer) -> None:
        self._server = server
        self._spare = (0, MemoryCache(SPARE_BYTES))

    @property
    def degraded(self) -> bool:
        """See `Cache.degraded`."""
        return self._server.outage.lasts

    async def get(self, key: str) -> bytes | None:
        """See `Cache.get`."""
        name = self._name(key)
        try:
            return await self._server.ask(lambda client: client.get(name))
        except StoreUnavailable:
            return await self._alone().get(key)

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        """See `Cache.put`."""
        name, lifetime = self._name(key), lifetime_ms(seconds)
        if not is_small(value):
            await self.delete(key)
            return
        try:
            await self._server.ask(lambda client: client.set(name, value, lifetime))
        except StoreUnavailable:
            await self._alone().put(key, value, seconds)

    async def add(self, key: str, value: bytes, seconds: float) -> bool:
        """See `Cache.add`."""
        name, lifetime = self._name(key), lifetime_ms(seconds)
        if not is_small(value):
            return await self.get(key) is None
        try:
            return await self._server.ask(
                lambda client: client.set(name, value, lifetime, only_new=True)
            )
        except StoreUnavailable:
            return await self._alone().add(key, value, seconds)

    async def delete(self, key: str) -> None:
        """See `Cache.delete`."""
        name = self._name(key)
        try:
            await self._server.ask(lambda client: client.delete(name))
        except StoreUnavailable:
            await self._alone().delete(key)

    def _name(self, key: str) -> str:
        require_key(key)
        return f"{self._server.prefix}:cache:{key}"

    def _alone(self) -> MemoryCache:
        outage = self._server.outage.count
        if self._spare[0] != outage:
            self._spare = (outage, MemoryCache(SPARE_BYTES))
        return self._spare[1]
