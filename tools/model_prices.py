"""The prices of models as a file of the product: `python -m tools.model_prices [--check]`.

They come from genai-prices (MIT), as it is installed for development; the product reads the file.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genai_prices.data import providers
from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    ConditionalPrice,
    MatchLogic,
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    TieredPrices,
)

from tools.priced_models import PROVIDERS, is_left_out, listed_as

FILE = Path("layers/core/python/promptpilot/model_data/prices.json")
SOURCE = "genai-prices {version}, https://github.com/pydantic/genai-prices"
LICENSE = "MIT, Copyright (c) Pydantic Services Inc. 2025 to present"

_RATES = {
    "input_mtok": "input_per_million",
    "cache_read_mtok": "cached_per_million",
    "cache_write_mtok": "cache_write_per_million",
    "output_mtok": "output_per_million",
}
"""What we call what it has a price for. Of writing to a cache that is the price for five minutes,
which is what is asked for where nothing else is.
"""


def made(as_of: str) -> dict[str, Any]:
    """What the file holds: all prices from that date on, those of later dates too."""
    source = SOURCE.format(version=version("genai-prices"))
    known = {provider.id: provider.models for provider in providers}
    vendors = {
        vendor: list(_models(vendor, known[provider], date.fromisoformat(as_of)))
        for vendor, provider in PROVIDERS.items()
    }
    return {"source": source, "license": LICENSE, "as_of": as_of, "vendors": vendors}


def _models(vendor: str, models: list[ModelInfo], as_of: date) -> Iterator[dict[str, Any]]:
    known = frozenset(model.id for model in models)
    for model in models:
        prices = list(_prices(model, as_of))
        if model.deprecated or not prices or is_left_out(vendor, model.id):
            continue
        listed = listed_as(vendor, model.id, known)
        yield {
            "id": model.id,
            **({} if listed == model.id else {"listed_as": listed}),
            "matches": matches(model.match),
            **({"context_tokens": model.context_window} if model.context_window else {}),
            "prices": prices,
        }


def _prices(model: ModelInfo, as_of: date) -> Iterator[dict[str, Any]]:
    """The price that holds then, and those that will, each from its date on."""
    given = model.prices if isinstance(model.prices, list) else [_always(model.prices)]
    begun = [each for each in given if _start(each) <= as_of]
    now = begun[-1] if begun else given[0]
    price = _price(now.prices)
    if price is None:
        return
    yield price
    for later in given:
        if _start(later) > as_of and later is not now:
            yield {"from": _start(later).isoformat()} | (_price(later.prices) or {})


def _always(prices: ModelPrice) -> ConditionalPrice:
    return ConditionalPrice(prices=prices)


def _start(price: ConditionalPrice) -> date:
    if price.constraint is None:
        return date.min
    assert isinstance(price.constraint, StartDateConstraint), price.constraint
    return price.constraint.start_date


def _price(price: ModelPrice) -> dict[str, Any] | None:
    """None for what has no price for text in and text out."""
    rates = {ours: getattr(price, theirs) for theirs, ours in _RATES.items()}
    if rates["input_per_million"] is None or rates["output_per_million"] is None:
        return None
    starts = {
        tier.start
        for rate in rates.values()
        if isinstance(rate, TieredPrices)
        for tier in rate.tiers
    }
    tiers = [{"above_input_tokens": start, **_at(rates, start)} for start in sorted(starts)]
    return {**_at(rates, -1), **({"tiers": tiers} if tiers else {})}


def _at(rates: Mapping[str, Any], start: int) -> dict[str, float]:
    """The rates for more input tokens than `start`."""
    found = {}
    for name, rate in rates.items():
        if isinstance(rate, TieredPrices):
            reached = [tier.price for tier in rate.tiers if tier.start <= start]
            found[name] = float(reached[-1] if reached else rate.base)
        elif rate is not None:
            found[name] = float(rate)
    return found


_LITERALS: Mapping[type, str] = {
    ClauseEquals: "equals",
    ClauseStartsWith: "starts_with",
    ClauseEndsWith: "ends_with",
    ClauseContains: "contains",
}
_FORMS = {"equals": "^{}$", "starts_with": "^{}", "ends_with": "{}$", "contains": "{}"}


def matches(match: MatchLogic) -> dict[str, list[str]]:
    """By how they are looked for (`regex` is the general way), the texts of which any is found in
    the name of a model, in lower case.
    """
    found: dict[str, list[str]] = {}
    for clause in match.or_ if isinstance(match, ClauseOr) else [match]:
        way = _LITERALS.get(type(clause), "regex")
        text = getattr(clause, way).lower() if way != "regex" else _pattern(clause)
        found.setdefault(way, []).append(text)
    return found


def _pattern(match: MatchLogic) -> str:
    """The regular expression that finds what `match` does."""
    if type(match) in _LITERALS:
        way = _LITERALS[type(match)]
        return _FORMS[way].format(re.escape(getattr(match, way).lower()))
    if isinstance(match, ClauseOr):
        return "|".join(map(_pattern, match.or_))
    if isinstance(match, ClauseAnd):
        return "^" + "".join(f"(?=.*(?:{_pattern(each)}))" for each in match.and_)
    assert isinstance(match, ClauseRegex)
    return match.regex


def written(content: Mapping[str, Any]) -> str:
    """The text of the file: a line for every model, so that changes can be read."""
    head = {name: value for name, value in content.items() if name != "vendors"}
    lines = [f"  {json.dumps(name)}: {json.dumps(value)}," for name, value in head.items()]
    vendors = [
        f"    {json.dumps(vendor)}: [\n"
        + ",\n".join(f"      {json.dumps(model)}" for model in models)
        + "\n    ]"
        for vendor, models in content["vendors"].items()
    ]
    return "\n".join(["{", *lines, '  "vendors": {', ",\n".join(vendors), "  }", "}", ""])


def _dated() -> str:
    """The date of the file, as long as it has the prices of the installed version; today else."""
    if FILE.exists():
        content = json.loads(FILE.read_text())
        if content["source"] == SOURCE.format(version=version("genai-prices")):
            return str(content["as_of"])
    return datetime.now(UTC).date().isoformat()


def main() -> None:
    """Write the file; with `--check` fail where it is not what would be written."""
    text = written(made(_dated()))
    if "--check" not in sys.argv[1:]:
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(text)
    elif not FILE.exists() or FILE.read_text() != text:
        sys.exit(f"{FILE} is not up to date: run make prices")
    sys.stdout.write(f"{FILE} is up to date\n")


if __name__ == "__main__":
    main()
