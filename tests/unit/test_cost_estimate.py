"""The most that a call of a model may cost, before it is made."""

from hypothesis import given
from hypothesis import strategies as st

from promptpilot.domain.cost_estimate import (
    TOKENS_PER_IMAGE,
    UNKNOWN_OUTPUT_TOKENS,
    most_micro_usd,
    most_tokens_in,
    most_tokens_out,
)
from promptpilot.domain.message import Attachment, Message, Tool
from promptpilot.domain.model import ModelRequest, Settings, Usage
from promptpilot.domain.model_profile import ModelProfile
from promptpilot.domain.price import Price, PriceTier
from promptpilot.domain.pricing import cost_micro_usd

PRICE = Price(input_per_million=3, output_per_million=15, as_of="2026-11-01")
BARE = ModelProfile()


def asked(content: str = "Hello", **fields: object) -> ModelRequest:
    message = Message(role="user", content=content)
    return ModelRequest.model_validate({"model": "fake/echo", "messages": [message], **fields})


def test_a_model_of_unknown_price_sets_nothing_aside() -> None:
    assert most_micro_usd(asked(), BARE, None, {}) == 0


def test_the_longest_answer_is_what_was_asked_for_or_what_the_model_can_give() -> None:
    limited = asked(settings=Settings(max_tokens=7))
    assert most_tokens_out(limited, BARE) == 7
    assert most_tokens_out(asked(), ModelProfile(max_output_tokens=900)) == 900
    assert most_tokens_out(asked(), BARE) == UNKNOWN_OUTPUT_TOKENS


def test_thinking_that_is_set_apart_may_come_on_top() -> None:
    request = asked(settings=Settings(max_tokens=7, reasoning_tokens=1_000))
    assert most_tokens_out(request, BARE) == 1_007


def test_tools_a_schema_and_attachments_count() -> None:
    bare = most_tokens_in(asked(), {})
    tool = Tool(name="look_up", parameters={"type": "object", "description": "x" * 400})
    assert most_tokens_in(asked(tools=[tool]), {}) > bare + 200
    assert most_tokens_in(asked(output_schema={"description": "x" * 400}), {}) > bare + 200
    image = Attachment(blob="a" * 64, media_type="image/png")
    paper = Attachment(blob="b" * 64, media_type="application/pdf")
    shown = Message(role="user", content="Hello", attachments=(image, paper))
    with_files = asked(messages=[shown])
    assert most_tokens_in(with_files, {"b" * 64: b"x" * 1_000}) > bare + TOKENS_PER_IMAGE + 500


def test_no_request_is_longer_than_the_context() -> None:
    small = ModelProfile(context_tokens=1_000)
    request = asked("x" * 100_000, settings=Settings(max_tokens=1))
    assert most_micro_usd(request, small, PRICE, {}) == 3 * 1_000 + 15


def test_the_dearest_kind_of_input_and_a_tier_that_may_hold_decide() -> None:
    tier = PriceTier(above_input_tokens=100, input_per_million=6, output_per_million=30)
    price = PRICE.model_copy(update={"cache_write_per_million": 3.75, "tiers": (tier,)})
    short = asked(settings=Settings(max_tokens=1))
    long = asked("x" * 100_000, settings=Settings(max_tokens=1))
    size = most_tokens_in(long, {})
    assert most_micro_usd(short, BARE, price, {}) < 6 * 100
    assert most_micro_usd(long, BARE, price, {}) == 6 * size + 30


@given(st.text(max_size=400), st.integers(1, 500))
def test_an_answer_within_its_bounds_never_costs_more(content: str, tokens: int) -> None:
    request = asked(content, settings=Settings(max_tokens=tokens))
    used = Usage(input_tokens=len(content.encode()) // 3, output_tokens=tokens)
    most = most_micro_usd(request, BARE, PRICE, {})
    cost = cost_micro_usd(used, PRICE)
    assert cost is not None
    assert cost <= most
