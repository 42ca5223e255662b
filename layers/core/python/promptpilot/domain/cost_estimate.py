"""The most that a call of a model may cost, before it is made."""

import json
from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal

from promptpilot.domain.message import Attachment
from promptpilot.domain.model import ModelRequest
from promptpilot.domain.model_profile import ModelProfile
from promptpilot.domain.price import Price, PriceTier

BYTES_PER_TOKEN = 2
"""Tokens are longer than this in every language; in English about twice as long."""
TOKENS_PER_TURN = 16
"""What a format adds around a turn."""
TOKENS_PER_IMAGE = 6_000
"""Vendors scale images down to a few thousand tokens."""
UNKNOWN_OUTPUT_TOKENS = 32_000
"""Where neither the request nor the model says how long an answer may be."""


def most_tokens_in(request: ModelRequest, files: Mapping[str, bytes]) -> int:
    """More tokens than the request has. `files` are what is attached, by digest."""
    size = sum(len(turn.model_dump_json().encode()) for turn in request.messages)
    size += sum(len(tool.model_dump_json().encode()) for tool in request.tools)
    if request.output_schema is not None:
        size += len(json.dumps(request.output_schema, ensure_ascii=False).encode())
    turns = len(request.messages) + len(request.tools)
    attached = sum(_tokens_of(each, files) for each in request.attachments)
    return size // BYTES_PER_TOKEN + TOKENS_PER_TURN * (turns + 1) + attached


def _tokens_of(attachment: Attachment, files: Mapping[str, bytes]) -> int:
    if attachment.is_image:
        return TOKENS_PER_IMAGE
    return len(files.get(attachment.blob, b"")) // BYTES_PER_TOKEN


def most_tokens_out(request: ModelRequest, profile: ModelProfile) -> int:
    """The longest answer, thinking included. A number of tokens to think that is set apart may come
    on top of the answer's.
    """
    asked = request.settings.max_tokens
    if asked is not None:
        return asked + (request.settings.reasoning_tokens or 0)
    return profile.max_output_tokens or UNKNOWN_OUTPUT_TOKENS


def most_micro_usd(
    request: ModelRequest,
    profile: ModelProfile,
    price: Price | None,
    files: Mapping[str, bytes],
) -> int:
    """The most that the call may cost in micro-US-dollars, rounded up; 0 where the price is
    unknown. A request cannot be longer than the model's context.
    """
    if price is None:
        return 0
    tokens_in = most_tokens_in(request, files)
    if profile.context_tokens is not None:
        tokens_in = min(tokens_in, profile.context_tokens)
    prices = _that_may_hold(price, tokens_in)
    per_in = max(rate for each in prices for rate in _input_rates(each))
    per_out = max(each.output_per_million for each in prices)
    cost = tokens_in * Decimal(str(per_in)) + most_tokens_out(request, profile) * Decimal(
        str(per_out)
    )
    return int(cost.to_integral_value(rounding=ROUND_CEILING))


def _that_may_hold(price: Price, tokens_in: int) -> list[Price | PriceTier]:
    return [price, *(tier for tier in price.tiers if tier.above_input_tokens < tokens_in)]


def _input_rates(price: Price | PriceTier) -> Iterable[float]:
    """A vendor that keeps input for later may ask more for it."""
    rates = (price.input_per_million, price.cached_per_million, price.cache_write_per_million)
    return (rate for rate in rates if rate is not None)
