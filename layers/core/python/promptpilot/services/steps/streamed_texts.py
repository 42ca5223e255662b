"""Handing on what a model says in a step while it says it, a little at a time."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from promptpilot.domain.execution import ExecutionLog
from promptpilot.errors import PromptPilotError
from promptpilot.ports.live import PartialTexts
from promptpilot.ports.models import OnText
from promptpilot.ports.offload import Offload
from promptpilot.services.asking.hearing import Hear

Tell = Callable[[str], Awaitable[None]]
"""Tells whoever listens all that has been said in a step."""

LAST_SECONDS = 2.0
"""How long the end of a step waits for what is being told."""

logger = logging.getLogger(__name__)


@asynccontextmanager
async def streamed(
    log: ExecutionLog,
    watched: str,
    *,
    texts: PartialTexts,
    tell: Tell | None = None,
    offload: Offload,
) -> AsyncIterator[Hear]:
    """Hand on what is heard until the block ends; then it is forgotten, since the log has it.
    `watched` is the execution, or the run, that people watch.

    Texts are for whoever watches: that one cannot be kept, or told, disturbs nobody else.
    """
    stream = _Stream(log, watched, texts, tell, offload)
    task = asyncio.create_task(stream.run())
    try:
        yield stream.begin
    finally:
        await stream.end(task)


class _Stream:
    def __init__(
        self,
        log: ExecutionLog,
        watched: str,
        texts: PartialTexts,
        tell: Tell | None,
        offload: Offload,
    ) -> None:
        self._place = (log.workspace, watched, log.id)
        self._texts = texts
        self._tell = tell
        self._offload = offload
        self._pieces: list[str] = []
        self._arrived = asyncio.Event()
        self._over = asyncio.Event()
        self._kept = False

    def begin(self) -> OnText:
        pieces = self._pieces = []

        def hear(piece: str) -> None:
            pieces.append(piece)
            self._arrived.set()

        return hear

    async def run(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            if self._over.is_set():
                return
            text = "".join(self._pieces)
            self._kept = True
            await self._try(self._offload(self._texts.put, *self._place, text))
            if self._tell is not None:
                await self._try(self._tell(text))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._texts.pause_seconds):
                    await self._over.wait()

    async def end(self, task: "asyncio.Task[None]") -> None:
        # What is being told is told to its end, or the rest would come twice, or before it.
        self._over.set()
        self._arrived.set()
        await asyncio.wait([task], timeout=LAST_SECONDS)
        task.cancel()
        if self._tell is not None and self._pieces:
            await self._try(self._tell("".join(self._pieces)))
        if self._kept:
            await self._try(self._offload(self._texts.forget, *self._place))

    async def _try(self, done: Awaitable[None]) -> None:
        try:
            await done
        except PromptPilotError as error:
            logger.warning("text not handed on: %s", error, extra={"log": self._place[-1]})
