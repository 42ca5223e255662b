"""Answers of models that stand for equal requests for a while.

Two requests are equal where the prompt's version, the model, the messages, the settings, the tools
and the output schema are, within one workspace. Of equal requests at the same time one asks the
model and the others wait for its answer ("single flight"), in whatever process they are. One that
waited in vain asks by itself: the others are not to fail one after another.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from pydantic import ValidationError

from promptpilot.clock import epoch_ms
from promptpilot.domain.base import Model
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.ports.cache import Cache
from promptpilot.services.asking.answer import Answer, checked_answer
from promptpilot.services.asking.patience import LEAST_SECONDS
from promptpilot.services.asking.question import Caching
from promptpilot.step_errors import OutputInvalid

Ask = Callable[[ModelRequest], Awaitable[Answer]]

FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS = 0.01, 0.25
"""The pauses between looks at whether somebody else has got the answer."""

logger = logging.getLogger(__name__)


class KeptAnswer(Model):
    """An answer, and when it was given (milliseconds since 1970)."""

    completion: Completion
    at_ms: int


async def kept_or_asked(
    caching: Caching, request: ModelRequest, ask: Ask, *, cache: Cache
) -> tuple[Answer, bool]:
    """The answer to the request, and whether it is one of before.

    What waiting took is taken from the request's time. Raises what `ask` raises.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + request.timeout
    key = caching.key(request)
    if (kept := await _kept(caching, key, request, cache)) is not None:
        return kept, True
    flight = f"{key}/asking"
    if await cache.add(flight, b"1", request.timeout):
        try:
            return await _ask(caching, key, request, ask, cache), False
        finally:
            await cache.delete(flight)
    await _until_landed(flight, deadline - LEAST_SECONDS, cache)
    if (kept := await _kept(caching, key, request, cache)) is not None:
        return kept, True
    left = request.model_copy(update={"timeout": max(deadline - clock(), LEAST_SECONDS)})
    return await _ask(caching, key, left, ask, cache), False


async def _until_landed(flight: str, until: float, cache: Cache) -> None:
    """Until who asks is done, or that time. Looks often at first, since many answers come soon."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    while clock() < until and await cache.get(flight) is not None:
        longer = max(FIRST_LOOK_SECONDS, (clock() - begun) / 4)
        await asyncio.sleep(min(longer, LONGEST_LOOK_SECONDS))


async def _ask(caching: Caching, key: str, request: ModelRequest, ask: Ask, cache: Cache) -> Answer:
    answer = await ask(request)
    kept = KeptAnswer(completion=answer.completion, at_ms=epoch_ms())
    await cache.put(key, kept.model_dump_json(exclude_none=True).encode(), caching.seconds)
    return answer


async def _kept(caching: Caching, key: str, request: ModelRequest, cache: Cache) -> Answer | None:
    """The answer that is kept, where it is young enough for who asks now."""
    value = await cache.get(key)
    if value is None:
        return None
    try:
        kept = KeptAnswer.model_validate_json(value)
        answer = checked_answer(kept.completion, request.output_schema)
    except (ValidationError, OutputInvalid):
        # Another release's, or somebody wrote to the store.
        logger.warning("a kept answer cannot be read", extra={"key": key})
        return None
    if epoch_ms() - kept.at_ms >= caching.seconds * 1000:
        return None
    return answer
