"""What a call costs."""

import pytest

from promptpilot.domain.model import Usage
from promptpilot.domain.price import Price
from promptpilot.domain.pricing import cost_micro_usd


def price(input: float, output: float, cached: float | None = None) -> Price:
    return Price(
        input_per_million=input,
        output_per_million=output,
        cached_per_million=cached,
        as_of="2026-11-24",
    )


@pytest.mark.parametrize(
    ("usage", "rate", "cost"),
    [
        (Usage(input_tokens=1000, output_tokens=100), price(2.5, 10.0), 3500),
        (Usage(input_tokens=1_000_000), price(3.0, 15.0), 3_000_000),
        (Usage(), price(3.0, 15.0), 0),
        (Usage(input_tokens=5, output_tokens=5), price(0.0, 0.0), 0),
        # cached input at its own price, or at that of other input
        (Usage(input_tokens=1000, cached_tokens=400), price(2.0, 0.0, 0.5), 1400),
        (Usage(input_tokens=1000, cached_tokens=400), price(2.0, 0.0), 2000),
        (Usage(input_tokens=1000, cached_tokens=400), price(2.0, 0.0, 0.0), 1200),
        (Usage(input_tokens=10, cached_tokens=99), price(2.0, 0.0, 0.5), 5),
        # reasoning tokens are output tokens already
        (Usage(output_tokens=10, reasoning_tokens=9), price(0.0, 1.0), 10),
        # half up, decided on the exact sum
        (Usage(input_tokens=1), price(0.5, 0.0), 1),
        (Usage(input_tokens=3), price(0.5, 0.0), 2),
        (Usage(input_tokens=1), price(0.49, 0.0), 0),
        (Usage(input_tokens=1, output_tokens=1), price(0.1, 0.4), 1),
        (Usage(input_tokens=15), price(0.1, 0.0), 2),
        (Usage(input_tokens=35), price(0.1, 0.0), 4),
        (Usage(input_tokens=5), price(0.7, 0.0), 4),  # in binary 0.7 is a little less
    ],
)
def test_a_cost_is_exact_and_in_whole_micro_dollars(usage: Usage, rate: Price, cost: int) -> None:
    assert cost_micro_usd(usage, rate) == cost


def test_what_is_unknown_costs_nobody_knows_what_and_not_nothing() -> None:
    assert cost_micro_usd(None, price(1.0, 1.0)) is None
    assert cost_micro_usd(Usage(input_tokens=1), None) is None
