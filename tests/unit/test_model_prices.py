"""The prices that ship: where they are from, and that they come to what their source comes to."""

import random
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices.data import providers

from promptpilot.adapters.models import price_list
from promptpilot.adapters.models.model_data import known_models, price_of
from promptpilot.adapters.models.shipped_data import shipped
from promptpilot.domain.model import Usage
from promptpilot.domain.pricing import cost_micro_usd, most_micro_usd, rates_for
from tools import model_prices
from tools.priced_models import PROVIDERS, is_left_out

VENDORS = sorted(PROVIDERS)
THEIRS = {provider.id: provider for provider in providers}


def theirs(vendor: str, model: str) -> Any:
    """The model that genai-prices finds by that name."""
    return THEIRS[PROVIDERS[vendor]].find_model(model)


def in_day(monkeypatch: pytest.MonkeyPatch, day: str) -> datetime:
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    monkeypatch.setattr(price_list, "now", lambda: moment)
    return moment


def usages(chance: random.Random) -> list[Usage]:
    """Around every tier, mostly cached, and nothing at all."""
    found = [Usage()]
    for size in (1, 100_000, 200_000, 272_000, 1_000_000):
        for _ in range(3):
            tokens = size + chance.randint(-1, 2)
            cached = chance.randint(0, tokens)
            written = chance.choice([0, chance.randint(0, tokens - cached)])
            output = chance.randint(0, 50_000)
            found.append(
                Usage(
                    input_tokens=tokens,
                    cached_tokens=cached,
                    cache_write_tokens=written,
                    output_tokens=output,
                )
            )
    return found


def test_the_file_is_what_the_tool_makes_of_the_locked_version() -> None:
    text = model_prices.FILE.read_text()
    assert text == model_prices.written(model_prices.made(shipped("prices.json")["as_of"]))


def test_the_file_names_its_source_and_licence_and_is_small() -> None:
    content = shipped("prices.json")
    assert "genai-prices" in content["source"]
    assert content["license"].startswith("MIT, Copyright")
    assert Path(model_prices.FILE).stat().st_size < 200_000


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_model_of_a_vendor_costs_what_its_source_says(
    vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = shipped("prices.json")["as_of"]
    moment = in_day(monkeypatch, day)
    chance = random.Random(vendor)
    provider = THEIRS[PROVIDERS[vendor]]
    for name in known_models(vendor):
        model = theirs(vendor, name.partition("/")[2])
        for usage in usages(chance):
            asked = TheirUsage(
                input_tokens=usage.input_tokens,
                cache_read_tokens=usage.cached_tokens,
                cache_write_tokens=usage.cache_write_tokens,
                output_tokens=usage.output_tokens,
            )
            told = model.calc_price(asked, provider, genai_request_timestamp=moment)
            cost = cost_micro_usd(usage, price_of(name))
            assert cost is not None
            exact = told.total_price * 1_000_000
            assert abs(Decimal(cost) - exact) <= Decimal("0.5"), (name, usage)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_name_that_the_source_knows_has_its_price_or_none(
    vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = in_day(monkeypatch, shipped("prices.json")["as_of"])
    for model in THEIRS[PROVIDERS[vendor]].models:
        for name in (model.id, model.id.replace("regional.", "us.")):
            price, found = price_of(f"{vendor}/{name}"), theirs(vendor, name)
            if price is None or found is None:
                continue
            rates = found.get_prices(moment)
            base = [getattr(each, "base", each) for each in (rates.input_mtok, rates.output_mtok)]
            told = [
                Decimal(str(each)) for each in (price.input_per_million, price.output_per_million)
            ]
            assert told == base, name


def test_a_model_that_makes_no_text_of_text_has_no_price() -> None:
    for name in ("text-embedding-3-small", "whisper-1", "gpt-image-2", "gpt-4o-transcribe"):
        assert is_left_out("openai", name)
        assert price_of(f"openai/{name}") is None
    assert price_of("openai/nobody-has-made-it") is None
    assert price_of("elsewhere/gpt-4o") is None


def test_a_dated_name_and_one_in_capitals_have_the_price_of_their_model() -> None:
    plain = price_of("openai/gpt-5.4")
    assert plain is not None
    assert price_of("openai/gpt-5.4-2026-03-05") == plain
    assert price_of("openai/GPT-5.4") == plain


def test_bedrock_costs_more_within_a_region_than_anywhere() -> None:
    somewhere = price_of("bedrock/global.anthropic.claude-opus-4-6-v1")
    here = price_of("bedrock/eu.anthropic.claude-opus-4-6-v1")
    assert somewhere is not None
    assert here is not None
    assert here.input_per_million == pytest.approx(1.1 * somewhere.input_per_million)


def test_a_price_that_changes_on_a_day_changes_on_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = shipped("prices.json")["vendors"]["google"]
    changing = next(each for each in entries if len(each["prices"]) > 1)
    name, now, later = f"google/{changing['id']}", *changing["prices"]

    in_day(monkeypatch, shipped("prices.json")["as_of"])
    before = price_of(name)
    in_day(monkeypatch, later["from"])
    after = price_of(name)

    assert before is not None
    assert after is not None
    assert before.input_per_million == now["input_per_million"]
    assert after.input_per_million == later["input_per_million"]
    assert before != after


def test_all_tokens_of_a_long_request_cost_what_its_tier_says() -> None:
    price = price_of("openai/gpt-5.4")
    assert price is not None
    [tier] = price.tiers
    assert rates_for(tier.above_input_tokens, price) is price
    assert rates_for(tier.above_input_tokens + 1, price) is tier


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_call_costs_more_than_the_most_that_it_can(vendor: str) -> None:
    chance = random.Random(vendor)
    for name in known_models(vendor):
        price = price_of(name)
        assert price is not None
        for usage in usages(chance):
            most = most_micro_usd(usage.input_tokens, usage.output_tokens, price)
            fewer = usage.model_copy(update={"input_tokens": usage.input_tokens // 2})
            for each in (usage, fewer):
                cost = cost_micro_usd(each, price)
                assert cost is not None
                assert cost <= most
