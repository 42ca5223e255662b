"""The `PartialTexts` of a platform whose workers share no memory: items that soon expire."""

import json
from collections.abc import Mapping

from promptpilot import keys
from promptpilot.clock import epoch_ms
from promptpilot.ports.table import Delete, Item, Put, Table

KIND = "partial_text"
PAUSE_SECONDS = 1.0
KEPT_SECONDS = 3600
MAX_CHARACTERS = 60_000
"""JSON makes at most six bytes of a character, and an item has 400,000. What is longer is told when
the step has ended.
"""


class TablePartialTexts:
    """Texts as items of the table. Nobody is known to watch, so an execution has to be started with
    `stream`.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    @property
    def pause_seconds(self) -> float:
        """See `PartialTexts.pause_seconds`."""
        return PAUSE_SECONDS

    def wanted(self, execution: str) -> bool:
        """See `PartialTexts.wanted`."""
        return False

    def put(self, workspace: str, execution: str, log: str, text: str) -> None:
        """See `PartialTexts.put`."""
        if len(text) > MAX_CHARACTERS:
            return
        item = Item(
            key=keys.partial_text(workspace, log),
            kind=KIND,
            body=json.dumps([log, text]),
            expires_at=epoch_ms() // 1000 + KEPT_SECONDS,
        )
        self._table.write([Put(item)], durable=False)

    def forget(self, workspace: str, execution: str, log: str) -> None:
        """See `PartialTexts.forget`."""
        self._table.write([Delete(keys.partial_text(workspace, log))], durable=False)

    def of(self, workspace: str, execution: str) -> Mapping[str, str]:
        """See `PartialTexts.of`. At most a page: more than run at once on this platform."""
        page = self._table.query(keys.partial_texts(workspace, execution).partition, limit=1000)
        return dict(json.loads(item.body) for item in page.items)
