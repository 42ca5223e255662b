"""A `Cache` that outlives its processes: items of the table that expire."""

import secrets

from promptpilot import keys
from promptpilot.adapters.outage import Outage
from promptpilot.adapters.table.cached_values import body_of, value_of, writer_of
from promptpilot.cache_limits import is_small, lifetime_ms, require_key
from promptpilot.clock import epoch_ms
from promptpilot.errors import ConditionFailed, StoreUnavailable
from promptpilot.ports.offload import Offload
from promptpilot.ports.table import Create, Delete, Item, Put, Table

KIND = "cached"


class TableCache:
    """A value is one item. What fits none is not kept, rather than split or put into `Blobs`:
    those have no lifetime, and an answer of that size comes hardly ever.

    `add` is a conditional write, so one of all processes wins.
    """

    def __init__(self, table: Table, offload: Offload) -> None:
        self._table = table
        self._offload = offload
        self._outage = Outage("The table", meanwhile="nothing is cached", cool_down=0)

    @property
    def degraded(self) -> bool:
        """See `Cache.degraded`."""
        return self._outage.lasts

    async def get(self, key: str) -> bytes | None:
        """See `Cache.get`."""
        require_key(key)
        try:
            with self._outage.trying():
                item = await self._offload(self._table.get, keys.cached(key))
        except StoreUnavailable:
            return None
        return None if item is None else value_of(item.body)

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        """See `Cache.put`."""
        item = _item(key, value, seconds)
        await self._write(Put(item) if item is not None else Delete(keys.cached(key)))

    async def add(self, key: str, value: bytes, seconds: float) -> bool:
        """See `Cache.add`."""
        by = secrets.token_hex(8)
        item = _item(key, value, seconds, by)
        if item is None:
            return await self.get(key) is None
        try:
            return await self._write(Create(item))
        except ConditionFailed:
            return await self._is_ours(key, by)

    async def delete(self, key: str) -> None:
        """See `Cache.delete`."""
        require_key(key)
        await self._write(Delete(keys.cached(key)))

    async def _write(self, operation: Put | Create | Delete) -> bool:
        """True, also where it cannot be written: nobody else is known to have been first."""
        try:
            with self._outage.trying():
                await self._offload(self._table.write, [operation], durable=False)
        except StoreUnavailable:
            pass  # a loss; the outage is in the log
        return True

    async def _is_ours(self, key: str, by: str) -> bool:
        """A write whose answer was lost is made again by the client, and then refused."""
        try:
            item = await self._offload(self._table.get, keys.cached(key))
        except StoreUnavailable:
            return True
        return item is not None and writer_of(item.body) == by


def _item(key: str, value: bytes, seconds: float, by: str = "") -> Item | None:
    """Items expire by whole seconds, so they may stay for up to one more."""
    require_key(key)
    until_ms = epoch_ms() + lifetime_ms(seconds)
    body = body_of(value, by) if is_small(value) else None
    if body is None:
        return None
    return Item(keys.cached(key), KIND, body, expires_at=-(-until_ms // 1000))
