"""What models cost."""

from typing import Annotated

from pydantic import Field

from promptpilot.domain.base import NONE_OMITTED, OMITTED, Model


class Price(Model):
    """US dollars per million tokens, and when the price was looked up (ISO date). Kinds of input
    without a price of their own cost what other input does.

    `tiers` are the prices of requests with more input than some number of tokens, for all of their
    tokens.
    """

    input_per_million: float
    cached_per_million: float | None = None
    cache_write_per_million: Annotated[float | None, OMITTED] = None
    output_per_million: float
    as_of: str
    tiers: Annotated["tuple[PriceTier, ...]", NONE_OMITTED] = ()


class PriceTier(Model):
    """What a request costs whose input, cached included, is over `above_input_tokens`."""

    above_input_tokens: Annotated[int, Field(ge=1)]
    input_per_million: float
    cached_per_million: float | None = None
    cache_write_per_million: Annotated[float | None, OMITTED] = None
    output_per_million: float
