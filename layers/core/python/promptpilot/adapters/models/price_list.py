"""What the vendors' models cost, and which there are: `model_data/prices.json`, which is made from
genai-prices by `make prices`.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from promptpilot.adapters.models.shipped_data import shipped
from promptpilot.clock import now
from promptpilot.domain.price import Price

_NAMES = 1_000
"""How many names are remembered; a workspace may name models that do not exist."""

_Entry = Mapping[str, Any]


def listed_models(vendor: str) -> tuple[str, ...]:
    """The vendor's own names of its models."""
    listed = (entry.get("listed_as", entry["id"]) for entry in _entries(vendor))
    return tuple(name for name in listed if name is not None)


def price_at(vendor: str, model: str) -> Price | None:
    """What a model, by the vendor's own name, costs today; None where that is unknown."""
    prices = _prices(vendor, model)
    if len(prices) > 1:
        today = now().date().isoformat()
        return [price for start, price in prices if start <= today][-1]
    return prices[0][1] if prices else None


def context_tokens(vendor: str, model: str) -> int | None:
    """How many tokens a model can take in, where that is known."""
    entry = _entry(vendor, model)
    return None if entry is None else entry.get("context_tokens")


def _entries(vendor: str) -> Sequence[_Entry]:
    entries: Sequence[_Entry] = shipped("prices.json")["vendors"].get(vendor, ())
    return entries


@lru_cache(_NAMES)
def _entry(vendor: str, model: str) -> _Entry | None:
    name = model.lower()
    return next((each for each in _entries(vendor) if _is_meant(each["matches"], name)), None)


def _is_meant(matches: Mapping[str, list[str]], name: str) -> bool:
    return (
        name in matches.get("equals", ())
        or name.startswith(tuple(matches.get("starts_with", ())))
        or name.endswith(tuple(matches.get("ends_with", ())))
        or any(text in name for text in matches.get("contains", ()))
        or any(re.search(pattern, name) for pattern in matches.get("regex", ()))
    )


@lru_cache(_NAMES)
def _prices(vendor: str, model: str) -> tuple[tuple[str, Price], ...]:
    """The prices of a model, each with the day from which it holds, the first always."""
    entry = _entry(vendor, model)
    return tuple(map(_dated, entry["prices"])) if entry is not None else ()


def _dated(price: Mapping[str, Any]) -> tuple[str, Price]:
    rates = {name: value for name, value in price.items() if name != "from"}
    as_of = shipped("prices.json")["as_of"]
    return price.get("from", ""), Price.model_validate({**rates, "as_of": as_of})
