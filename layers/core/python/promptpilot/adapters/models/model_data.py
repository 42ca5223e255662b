"""What is known of the vendors' models: what they can do, and what they cost."""

from promptpilot.adapters.models.price_list import listed_models, price_at
from promptpilot.adapters.models.profile_list import shipped_profile
from promptpilot.domain.model_profile import ModelProfile
from promptpilot.domain.price import Price


def profile_of(name: str) -> ModelProfile:
    """What a model (`vendor/model`) can do and takes; a guess where nobody has listed it."""
    vendor, _, model = name.partition("/")
    return shipped_profile(vendor, model)


def price_of(name: str) -> Price | None:
    """What a model costs; None where that is unknown."""
    vendor, _, model = name.partition("/")
    return price_at(vendor, model)


def known_models(vendor: str) -> tuple[str, ...]:
    """The full names of the models of a vendor that are known."""
    return tuple(f"{vendor}/{model}" for model in listed_models(vendor))


def declared_profile(name: str, declared: ModelProfile) -> ModelProfile:
    """The profile of a model whose owner declares one: the guess where that says nothing."""
    said = {field: getattr(declared, field) for field in declared.model_fields_set}
    return profile_of(name).model_copy(update={"listed": True, **said})
