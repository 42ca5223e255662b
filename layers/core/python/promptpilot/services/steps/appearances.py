"""Letting a step that takes a while be seen to run."""

import asyncio
import logging

from promptpilot.errors import PromptPilotError
from promptpilot.ports.offload import Offload
from promptpilot.ports.table import Table
from promptpilot.services.steps.logs import Claimed, show

SHOWN_SECONDS = 1.0
"""How long a step may run before its log is there."""

logger = logging.getLogger(__name__)


class Appearance:
    """While entered, writes the claim of a step that runs for over a second and has written none.

    Most steps end before, so until then there is only a timer.
    """

    def __init__(self, claimed: Claimed, table: Table, offload: Offload) -> None:
        self._claimed = claimed
        self._table = table
        self._offload = offload
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        if not self._claimed.written:
            self._timer = asyncio.get_running_loop().call_later(SHOWN_SECONDS, self._begin)

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # Never cancelled: on a store that is called in a thread it is written all the same.

    def _begin(self) -> None:
        self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            await self._offload(show, self._claimed, table=self._table)
        except PromptPilotError as error:
            logger.warning("a running step is not seen: %s", error)
