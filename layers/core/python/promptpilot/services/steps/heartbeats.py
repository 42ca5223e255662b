"""Telling the state machine that a step's worker is alive."""

import asyncio
import logging

from promptpilot.errors import PromptPilotError
from promptpilot.ports.offload import Offload
from promptpilot.ports.orchestrator import Orchestrator

BEAT_SECONDS = 60.0
"""How often. The state gives up after five of them (`compiler/jobs.py`)."""

logger = logging.getLogger(__name__)


class Heartbeats:
    """While entered, says every minute that the worker is alive, so that a dead one is noticed.

    Most steps end before the first beat, so until then there is only a timer.
    """

    def __init__(self, token: str, orchestrator: Orchestrator, offload: Offload) -> None:
        self._token = token
        self._orchestrator = orchestrator
        self._offload = offload
        self._beating: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(BEAT_SECONDS, self._begin)

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._beating is not None:
            self._beating.cancel()

    def _begin(self) -> None:
        self._beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            await somebody_waits(self._token, self._orchestrator, self._offload)
            await asyncio.sleep(BEAT_SECONDS)


async def somebody_waits(token: str, orchestrator: Orchestrator, offload: Offload) -> bool:
    """Beat once. False where the state machine has given up on the token; where it cannot be
    asked, it may well wait.
    """
    try:
        return await offload(orchestrator.heartbeat_task, token)
    except PromptPilotError as error:
        logger.warning("a heartbeat was lost: %s", error)
        return True
