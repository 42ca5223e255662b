"""A setting of a workspace: one item, which is read much more often than it is changed.

Whoever uses it may have what it was some seconds ago, so that using it costs no read.
"""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from promptpilot.domain.base import Model
from promptpilot.ports.offload import Offload
from promptpilot.ports.table import Item, Key, Put, Table
from promptpilot.services.lru import LruCache

KNOWN_SECONDS = 5.0
"""How long another process may go by a setting that was changed."""
MOST_KNOWN = 10_000

M = TypeVar("M", bound=Model)


class Setting(Generic[M]):
    """The settings of one kind, by workspace; `unset` is what it is where nobody has set it."""

    def __init__(self, kind: str, key: Callable[[str], Key], unset: M) -> None:
        self._kind = kind
        self._key = key
        self._unset = unset
        self._known: LruCache[str, tuple[float, M]] = LruCache(MOST_KNOWN)

    def read(self, workspace: str, *, table: Table) -> M:
        """As it is now."""
        item = table.get(self._key(workspace))
        if item is None:
            return self._remember(workspace, self._unset)
        return self._remember(workspace, type(self._unset).model_validate_json(item.body))

    def known(self, workspace: str, *, table: Table) -> M:
        """As it is now, or was some seconds ago."""
        remembered = self._remembered(workspace)
        return self.read(workspace, table=table) if remembered is None else remembered

    async def known_soon(self, workspace: str, *, table: Table, offload: Offload) -> M:
        """As `known`; nothing but a read is handed over."""
        remembered = self._remembered(workspace)
        if remembered is not None:
            return remembered
        return await offload(self.read, workspace, table=table)

    def put(self, workspace: str, value: M) -> Put:
        """The operation that sets it. This process knows it once `changed` is called."""
        return Put(Item(self._key(workspace), self._kind, value.model_dump_json()))

    def changed(self, workspace: str, value: M) -> M:
        """Know what was written."""
        return self._remember(workspace, value)

    def _remembered(self, workspace: str) -> M | None:
        known = self._known.get(workspace)
        return known[1] if known is not None and known[0] > time.monotonic() else None

    def _remember(self, workspace: str, value: M) -> M:
        self._known.put(workspace, (time.monotonic() + KNOWN_SECONDS, value), weight=1)
        return value
