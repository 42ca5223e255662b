"""What the vendors' models can do and take: `model_data/profiles.json`, written by hand."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from promptpilot.adapters.models.price_list import context_tokens
from promptpilot.adapters.models.shipped_data import shipped
from promptpilot.domain.model_profile import ModelProfile

_NAMES = 1_000

NOTHING_KNOWN = ModelProfile(listed=False)


@lru_cache(_NAMES)
def shipped_profile(vendor: str, model: str) -> ModelProfile:
    """The profile of a model by the vendor's own name; a guess where it is in no family."""
    vendors = shipped("profiles.json")["vendors"]
    if vendor not in vendors:
        return NOTHING_KNOWN
    fields = _listed(vendor, model)
    if fields is None:
        known = vendors[vendor]
        fields = {**known["common"], **known["unlisted"], "listed": False}
    context = context_tokens(vendor, model)
    return ModelProfile.model_validate({"context_tokens": context, **fields})


def _listed(vendor: str, model: str) -> Mapping[str, Any] | None:
    """The fields that say what is known of a model, if it is in a family."""
    known = shipped("profiles.json")["vendors"][vendor]
    for family in known["families"]:
        found = re.search(family["names"], model.lower())
        if found is None:
            continue
        like = family.get("like")
        rest = known["common"] if like is None else _listed(like, found[1])
        if rest is not None:
            own = {name: value for name, value in family.items() if name not in {"names", "like"}}
            return {**rest, **own}
    return None
