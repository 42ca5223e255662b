"""Telling live connections what a model says, on a platform where the worker itself does that."""

import json
from collections.abc import Iterator

from promptpilot.domain.execution import ExecutionLog
from promptpilot.domain.progress import TextEvent
from promptpilot.ports.live import Live
from promptpilot.ports.offload import Offload
from promptpilot.ports.table import Table
from promptpilot.services.live.push import push_to_followers
from promptpilot.services.progress.page import pieces


class TextPushes:
    """A `Tell` for one step. Its messages have items and no cursor: one who needs to be sure of all
    asks for the execution's events.
    """

    def __init__(self, log: ExecutionLog, *, table: Table, live: Live, offload: Offload) -> None:
        assert log.execution_id is not None
        self._log = log
        self._execution = log.execution_id
        self._table = table
        self._live = live
        self._offload = offload
        self._told = ""

    async def __call__(self, text: str) -> None:
        """Push what was not pushed yet; from the beginning where another model speaks now."""
        start = len(self._told) if text.startswith(self._told) else 0
        self._told = text  # what may have been sent is not sent again
        for message in self._messages(text, start):
            await push_to_followers(
                self._log.workspace,
                self._execution,
                message,
                table=self._table,
                live=self._live,
                offload=self._offload,
            )

    def _messages(self, text: str, start: int) -> Iterator[str]:
        log = self._log
        for offset, piece in pieces(text, start):
            item = TextEvent(
                log=log.id,
                step=log.step,
                path=log.path,
                iteration=log.iteration,
                offset=offset,
                text=piece,
            )
            told = {"type": "execution.progress", "execution": self._execution}
            yield json.dumps({**told, "items": [item.model_dump()]}, ensure_ascii=False)
