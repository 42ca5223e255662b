"""What a model call costs."""

from decimal import ROUND_HALF_UP, Decimal

from promptpilot.domain.model import Usage
from promptpilot.domain.price import Price


def cost_micro_usd(usage: Usage | None, price: Price | None) -> int | None:
    """The cost of a call in micro-US-dollars, rounded half up; None, never 0, where the usage or
    the price is unknown.

    Dollars per million tokens are micro-dollars per token. Cached input without a price of its own
    costs what other input does.
    """
    if usage is None or price is None:
        return None
    cached = min(usage.cached_tokens, usage.input_tokens)
    per_cached = price.cached_per_million
    parts = (
        (usage.input_tokens - cached, price.input_per_million),
        (cached, price.input_per_million if per_cached is None else per_cached),
        (usage.output_tokens, price.output_per_million),
    )
    cost = sum((count * Decimal(str(rate)) for count, rate in parts), Decimal(0))
    return int(cost.to_integral_value(rounding=ROUND_HALF_UP))
