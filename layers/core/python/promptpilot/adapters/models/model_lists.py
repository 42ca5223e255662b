"""Which models the vendors themselves list, beside those that ship: asked for once a day, by who
runs an event loop for it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from promptpilot.adapters.models.list_formats import ListFormat
from promptpilot.clock import epoch_ms
from promptpilot.step_errors import ModelError

DAY_MS = 24 * 3600 * 1000
AGAIN_MS = 3600 * 1000
"""When a list that could not be read is asked for again."""
READ_SECONDS = 20.0
MAX_PAGES = 20
MAX_MODELS = 2_000
MAX_NAME = 200

Get = Callable[[str], Awaitable[bytes]]
"""What is found at a path of a vendor. Raises a `ModelError`."""

Begin = Callable[[Callable[[], None]], bool]
"""Has something called on an event loop soon; False where none runs."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    names: tuple[str, ...]
    until: int
    """Milliseconds since 1970."""


class ModelLists:
    """The names of the day. What is asked for while nothing is kept, or after its day, is begun to
    be read; meanwhile the names of before are good, or none.
    """

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._kept: dict[str, _Kept] = {}
        self._reading: dict[str, asyncio.Task[None] | None] = {}

    def names(self, of: str, format: ListFormat, get: Get) -> tuple[str, ...]:
        """The names that the vendor, or the connection, `of` lists, by its own words."""
        kept = self._kept.get(of)
        if (kept is None or kept.until <= epoch_ms()) and of not in self._reading:
            self._reading[of] = None
            if not self._begin(lambda: self._read_soon(of, format, get)):
                del self._reading[of]
        return kept.names if kept is not None else ()

    async def close(self) -> None:
        """Give up what is being read."""
        tasks = [task for task in self._reading.values() if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._reading.clear()

    def _read_soon(self, of: str, format: ListFormat, get: Get) -> None:
        self._reading[of] = asyncio.get_running_loop().create_task(self._read(of, format, get))

    async def _read(self, of: str, format: ListFormat, get: Get) -> None:
        before = self._kept.get(of)
        names, lifetime = before.names if before is not None else (), AGAIN_MS
        try:
            async with asyncio.timeout(READ_SECONDS):
                names, lifetime = await read_list(format, get), DAY_MS
        except (ModelError, TimeoutError) as error:
            logger.warning("the list of models of %s cannot be read: %s", of, error)
        finally:
            self._kept[of] = _Kept(names, epoch_ms() + lifetime)
            self._reading.pop(of, None)


async def read_list(format: ListFormat, get: Get) -> tuple[str, ...]:
    """All names of a list, at most `MAX_MODELS`. Raises a `ModelError`."""
    names: dict[str, None] = {}
    place: str | None = None
    for _ in range(MAX_PAGES):
        page, following = format.page(await get(format.path_of(place)))
        sound = (each for each in page if 0 < len(each) <= MAX_NAME and not _has_space(each))
        names |= dict.fromkeys(sound)
        if following is None or following == place or len(names) >= MAX_MODELS:
            break
        place = following
    return tuple(names)[:MAX_MODELS]


def _has_space(name: str) -> bool:
    return any(each.isspace() for each in name)
