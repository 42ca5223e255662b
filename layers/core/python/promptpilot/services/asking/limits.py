"""Rate limits of model calls: of a workspace, and of the keys that workspaces share.

A call takes from the buckets of its vendor and of its model before it is made: one request, and the
tokens that it may come to. Where that is there soon, it waits; otherwise it fails as if the vendor
had refused it. What it really took is known afterwards, and the difference given back or taken.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from promptpilot.domain.model import ModelRequest, Usage
from promptpilot.domain.model_limits import BURST_MINUTES, ModelLimit
from promptpilot.ports.rate_limiter import RateLimiter, Take
from promptpilot.services.asking.patience import LEAST_SECONDS, SHORT_WAIT_SECONDS
from promptpilot.services.asking.token_estimate import estimated_tokens
from promptpilot.step_errors import ModelRateLimited

Limits = Mapping[str, ModelLimit]
"""By vendor, or by model."""


@dataclass(frozen=True, slots=True)
class Owned:
    """Limits, and the name of whom they bind."""

    owner: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Taken:
    """What a call has taken of tokens; `waited` is how long it was held back, in seconds."""

    tokens: tuple[Take, ...] = ()
    waited: float = 0.0


NOTHING = Taken()


async def take_turn(
    request: ModelRequest, owned: Sequence[Owned], *, rate_limiter: RateLimiter
) -> Taken:
    """Wait for the call's turn. Raises `ModelRateLimited` where that takes over
    `SHORT_WAIT_SECONDS`, or longer than the request has.
    """
    takes = [take for each in owned for take in _takes(request, each)]
    if not takes:
        return NOTHING
    longest = min(SHORT_WAIT_SECONDS, request.timeout - LEAST_SECONDS)
    seconds = await rate_limiter.take(takes, max(longest, 0.0))
    if seconds < 0:
        reason = "The calls or tokens that the workspace, or its key, has in a minute are used up."
        raise ModelRateLimited(reason=reason, retry_after=-seconds)
    if seconds:
        await asyncio.sleep(seconds)
    return Taken(tuple(each for each in takes if each.key.endswith("/tokens")), seconds)


async def settle_turn(taken: Taken, usage: Usage, *, rate_limiter: RateLimiter) -> None:
    """Put the buckets right once a call has told its usage; a failed one has used nothing. Where
    that is unknown, what was taken stays taken.
    """
    used = usage.input_tokens + usage.output_tokens
    for take in taken.tokens:
        amount = min(take.amount, take.capacity) - used
        if amount:
            await rate_limiter.give_back(replace(take, amount=amount))


def _takes(request: ModelRequest, owned: Owned) -> Iterator[Take]:
    vendor = request.model.partition("/")[0]
    for name in (vendor, request.model):
        limit = owned.limits.get(name)
        if limit is None:
            continue
        key = f"{owned.owner}/{name}"
        if limit.requests_per_minute:
            yield _take(f"{key}/requests", 1, limit.requests_per_minute)
        if limit.tokens_per_minute:
            yield _take(f"{key}/tokens", estimated_tokens(request), limit.tokens_per_minute)


def _take(key: str, amount: float, per_minute: int) -> Take:
    capacity = max(1.0, per_minute * BURST_MINUTES)
    return Take(key, amount, capacity, per_minute / 60)
