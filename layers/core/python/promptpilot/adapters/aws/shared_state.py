"""What the functions of a deployment share besides its data: a cache, and limits of rates."""

from collections.abc import Callable
from functools import cached_property

from promptpilot.adapters.table.cache import TableCache
from promptpilot.adapters.table.rate_limiter import TableRateLimiter
from promptpilot.adapters.valkey.cache import ValkeyCache
from promptpilot.adapters.valkey.rate_limiter import ValkeyRateLimiter
from promptpilot.adapters.valkey.server import ValkeyServer
from promptpilot.ports.cache import Cache
from promptpilot.ports.offload import Offload
from promptpilot.ports.rate_limiter import RateLimiter
from promptpilot.ports.table import Table


class SharedState:
    """On the Valkey server where there is one, or else in the table."""

    def __init__(
        self, valkey: ValkeyServer | None, table: Callable[[], Table], offload: Offload
    ) -> None:
        self._valkey = valkey
        self._table = table
        self._offload = offload

    @cached_property
    def cache(self) -> Cache:
        """See `Platform`."""
        if self._valkey is not None:
            return ValkeyCache(self._valkey)
        return TableCache(self._table(), self._offload)

    @cached_property
    def rate_limiter(self) -> RateLimiter:
        """See `Platform`."""
        if self._valkey is not None:
            return ValkeyRateLimiter(self._valkey)
        return TableRateLimiter(self._table(), self._offload)

    @property
    def degraded(self) -> tuple[str, ...]:
        """Those of the two that were used, and do with less than they should."""
        made = vars(self)
        return tuple(
            name for name in ("cache", "rate_limiter") if name in made and made[name].degraded
        )
