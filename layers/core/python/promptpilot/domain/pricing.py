"""What a model call costs."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from promptpilot.domain.model import Usage
from promptpilot.domain.price import Price, PriceTier

Rates = Price | PriceTier

_RATES = 1_000
"""How many are kept as decimals; prices have them as floats."""


def cost_micro_usd(usage: Usage | None, price: Price | None) -> int | None:
    """The cost of a call in micro-US-dollars, rounded half up once; None, never 0, where the usage
    or the price is unknown.

    Dollars per million tokens are micro-dollars per token. A request with more input than a tier
    begins at pays that tier's rates for all of its tokens. Input that was cached, or is written to
    the cache, costs what other input does where it has no price of its own.
    """
    if usage is None or price is None:
        return None
    rates = rates_for(usage.input_tokens, price)
    cached = min(usage.cached_tokens, usage.input_tokens)
    written = min(usage.cache_write_tokens, usage.input_tokens - cached)
    return _micro_usd(
        (
            (usage.input_tokens - cached - written, rates.input_per_million),
            (cached, _or_input(rates.cached_per_million, rates)),
            (written, _or_input(rates.cache_write_per_million, rates)),
            (usage.output_tokens, rates.output_per_million),
        )
    )


def rates_for(input_tokens: int, price: Price) -> Rates:
    """What a request with so many input tokens, cached included, pays."""
    reached = [tier for tier in price.tiers if input_tokens > tier.above_input_tokens]
    return max(reached, key=lambda tier: tier.above_input_tokens, default=price)


def most_micro_usd(input_tokens: int, output_tokens: int, price: Price) -> int:
    """The most that a call can cost which has at most so many tokens: nothing is found in a cache,
    and everything may be written to one.
    """
    return max(
        _most(input_tokens, output_tokens, rates) for rates in _reachable(input_tokens, price)
    )


def _reachable(input_tokens: int, price: Price) -> Iterable[Rates]:
    """The rates of all tiers that so much input, or less, can be in."""
    return (price, *(tier for tier in price.tiers if input_tokens > tier.above_input_tokens))


def _most(input_tokens: int, output_tokens: int, rates: Rates) -> int:
    kinds = (rates.cached_per_million, rates.cache_write_per_million, rates.input_per_million)
    dearest = max(each for each in kinds if each is not None)
    return _micro_usd(((input_tokens, dearest), (output_tokens, rates.output_per_million)))


def _or_input(rate: float | None, rates: Rates) -> float:
    return rates.input_per_million if rate is None else rate


def _micro_usd(parts: Iterable[tuple[int, float]]) -> int:
    cost = sum((count * _decimal(rate) for count, rate in parts if count), Decimal(0))
    return int(cost.to_integral_value(rounding=ROUND_HALF_UP))


@lru_cache(_RATES)
def _decimal(rate: float) -> Decimal:
    return Decimal(str(rate))
