"""A `Cache` of this process alone."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from promptpilot.cache_limits import is_small, lifetime_ms, require_key
from promptpilot.clock import epoch_ms

MAX_BYTES = 16 * 1024 * 1024
ENTRY_BYTES = 300
"""What an entry takes besides its key and value, about."""


@dataclass(frozen=True, slots=True)
class _Entry:
    value: bytes
    until_ms: int
    weight: int


class MemoryCache:
    """Keeps what was used last, up to `max_bytes`. Threads and event loops may share it."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = Lock()

    @property
    def degraded(self) -> bool:
        """Memory is always there."""
        return False

    async def get(self, key: str) -> bytes | None:
        """See `Cache.get`."""
        require_key(key)
        with self._lock:
            entry = self._living(key)
            return None if entry is None else entry.value

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        """See `Cache.put`."""
        require_key(key)
        lifetime = lifetime_ms(seconds)
        with self._lock:
            self._keep(key, value, lifetime)

    async def add(self, key: str, value: bytes, seconds: float) -> bool:
        """See `Cache.add`."""
        require_key(key)
        lifetime = lifetime_ms(seconds)
        with self._lock:
            if self._living(key) is not None:
                return False
            self._keep(key, value, lifetime)
            return True

    async def delete(self, key: str) -> None:
        """See `Cache.delete`."""
        require_key(key)
        with self._lock:
            self._drop(key)

    def _living(self, key: str) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.until_ms <= epoch_ms():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def _keep(self, key: str, value: bytes, lifetime: int) -> None:
        self._drop(key)
        weight = len(key) + len(value) + ENTRY_BYTES
        if weight > self._max_bytes or not is_small(value):
            return
        self._entries[key] = _Entry(value, epoch_ms() + lifetime, weight)
        self._bytes += weight
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.weight
