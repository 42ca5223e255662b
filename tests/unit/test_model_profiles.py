"""What models are known to take: the profiles that ship, and those that an operator declares."""

import re
from typing import get_args

import pytest

from promptpilot.adapters.models.model_data import known_models, price_of, profile_of
from promptpilot.adapters.models.registry import ModelRegistry
from promptpilot.adapters.models.shipped_data import shipped
from promptpilot.domain.model import Settings
from promptpilot.domain.model_fit import problems_of
from promptpilot.domain.model_profile import ModelProfile, SettingName
from promptpilot.settings import CustomModels

VENDORS = ("openai", "anthropic", "google", "bedrock")


def fields_of(model: str, **settings: object) -> list[str]:
    """What of these settings the model does not take."""
    asked = Settings.model_validate(settings)
    return [field for field, _ in problems_of(model, asked, profile_of(model))]


@pytest.mark.parametrize("vendor", shipped("profiles.json")["vendors"])
def test_every_family_has_a_sound_profile(vendor: str) -> None:
    known = shipped("profiles.json")["vendors"][vendor]
    ModelProfile.model_validate({**known["common"], **known["unlisted"]})
    for family in known["families"]:
        re.compile(family["names"])
        own = {name: value for name, value in family.items() if name not in {"names", "like"}}
        ModelProfile.model_validate({**known["common"], **own})


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_family_has_a_model_that_has_a_price(vendor: str) -> None:
    families = shipped("profiles.json")["vendors"][vendor]["families"]
    names = [name.partition("/")[2] for name in known_models(vendor)]
    priced = [*names, "ft:gpt-4.1-2025-04-14", "ft:gpt-4o-2024-08-06", "claude-opus-4-1"]
    priced += ["claude-sonnet-4-0"]
    for family in families:
        assert any(re.search(family["names"], name) for name in priced), family["names"]


@pytest.mark.parametrize("vendor", ["anthropic", "openai"])
def test_nearly_all_models_with_a_price_have_a_profile(vendor: str) -> None:
    unlisted = {name for name in known_models(vendor) if not profile_of(name).listed}
    assert all(re.search("cyber|rosalind|chat-latest", name) for name in unlisted), unlisted


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_a_profile_names_is_consistent(vendor: str) -> None:
    for name in known_models(vendor):
        profile = profile_of(name)
        takes = set(profile.settings)
        assert "max_tokens" in takes, name
        assert set(profile.one_of) <= takes, name
        assert set(profile.not_while_reasoning) <= takes, name
        assert bool(profile.reasoning_efforts) >= ("reasoning_effort" in takes), name


@pytest.mark.parametrize(
    ("model", "settings", "unfit"),
    [
        ("openai/gpt-4o", {"temperature": 1.5, "top_p": 0.5, "max_tokens": 9}, []),
        (
            "openai/gpt-4o-2024-11-20",
            {"seed": 1, "stop": ["x"]},
            ["/settings/stop", "/settings/seed"],
        ),
        ("openai/gpt-4o", {"reasoning_effort": "low"}, ["/settings/reasoning_effort"]),
        ("openai/gpt-5-mini", {"reasoning_effort": "minimal"}, []),
        ("openai/gpt-5-mini", {"reasoning_effort": "none"}, ["/settings/reasoning_effort"]),
        ("openai/gpt-5-mini", {"temperature": 0.2}, ["/settings/temperature"]),
        ("openai/gpt-5.4", {"temperature": 0.2}, []),
        (
            "openai/gpt-5.4",
            {"temperature": 0.2, "reasoning_effort": "low"},
            ["/settings/temperature"],
        ),
        ("openai/gpt-6-sol", {"temperature": 0.2}, ["/settings/temperature"]),
        ("openai/gpt-6-sol", {"reasoning_effort": "max"}, []),
        ("openai/gpt-5.5", {"reasoning_effort": "max"}, ["/settings/reasoning_effort"]),
        ("anthropic/claude-opus-4-6", {"reasoning_effort": "max"}, []),
        (
            "anthropic/claude-opus-4-6",
            {"reasoning_effort": "xhigh"},
            ["/settings/reasoning_effort"],
        ),
        ("anthropic/claude-opus-4-5", {"reasoning_effort": "max"}, ["/settings/reasoning_effort"]),
        ("bedrock/global.anthropic.claude-opus-5", {"reasoning_effort": "max"}, []),
        ("openai/gpt-6-sol", {"temperature": 0.2, "reasoning_effort": "none"}, []),
        ("anthropic/claude-sonnet-4-5", {"temperature": 1.0, "stop": ["x"]}, []),
        ("anthropic/claude-sonnet-4-5", {"temperature": 1.2}, ["/settings/temperature"]),
        ("anthropic/claude-sonnet-4-5", {"temperature": 0.5, "top_p": 0.5}, ["/settings/top_p"]),
        ("anthropic/claude-sonnet-4-5-20250929", {"reasoning_tokens": 2048}, []),
        (
            "anthropic/claude-sonnet-4-5",
            {"reasoning_tokens": 1023},
            ["/settings/reasoning_tokens"],
        ),
        ("anthropic/claude-sonnet-4-5", {"seed": 1}, ["/settings/seed"]),
        ("anthropic/claude-sonnet-4-5", {"reasoning_effort": "none"}, []),
        ("anthropic/claude-haiku-4-5", {"reasoning_effort": "low"}, ["/settings/reasoning_effort"]),
        ("anthropic/claude-opus-5-5", {"temperature": 1.0}, ["/settings/temperature"]),
        ("anthropic/claude-opus-5-5", {"reasoning_effort": "none"}, ["/settings/reasoning_effort"]),
        ("anthropic/claude-opus-5", {"reasoning_effort": "none"}, []),
        ("anthropic/claude-opus-5", {"reasoning_tokens": 2048}, ["/settings/reasoning_tokens"]),
        ("google/gemini-2.5-flash", {"reasoning_tokens": 0, "seed": 1}, []),
        ("google/gemini-2.5-pro", {"reasoning_tokens": 0}, ["/settings/reasoning_tokens"]),
        ("google/gemini-2.5-pro", {"reasoning_effort": "low"}, ["/settings/reasoning_effort"]),
        ("google/gemini-3.8-flash", {"reasoning_effort": "low"}, []),
        ("google/gemini-3.8-flash", {"reasoning_tokens": 9}, ["/settings/reasoning_tokens"]),
        ("bedrock/eu.anthropic.claude-opus-5-5", {"top_p": 0.5}, ["/settings/top_p"]),
        ("bedrock/amazon.nova-lite-v1:0", {"seed": 1, "temperature": 0.5}, ["/settings/seed"]),
        ("bedrock/qwen.qwen3-32b-v1:0", {"seed": 1}, []),  # nobody has listed it
        ("openai/gpt-99", {"seed": 1}, []),
        ("custom/mine/any", {"seed": 1, "reasoning_tokens": 5}, []),
        ("local/smollm2-135m", {"seed": 1, "temperature": 2.0, "stop": ["x"]}, []),
        ("local/smollm2-135m", {"reasoning_effort": "low"}, ["/settings/reasoning_effort"]),
    ],
)
def test_a_model_takes_what_its_vendor_documents(
    model: str, settings: dict[str, object], unfit: list[str]
) -> None:
    assert fields_of(model, **settings) == unfit


def test_a_model_that_nobody_has_listed_has_its_vendors_guess() -> None:
    guess = profile_of("openai/gpt-99")
    assert not guess.listed
    assert "temperature" in guess.settings
    assert "seed" not in guess.settings  # the Responses API has none
    assert not profile_of("nobody/x").listed


def test_what_is_known_of_the_context_is_in_the_profile() -> None:
    assert profile_of("anthropic/claude-opus-5-5").context_tokens == 1_000_000
    assert profile_of("local/smollm2-135m").context_tokens == 2048


def registry(**declared: object) -> ModelRegistry:
    connection = {"base_url": "http://127.0.0.1:9/v1", "models": ["a"], **declared}
    return ModelRegistry({"mine": CustomModels.model_validate(connection)})


def test_a_connection_declares_what_its_models_take_and_cost() -> None:
    models = registry(
        profile={"settings": ["max_tokens"], "context_tokens": 8192},
        price={"input_per_million": 0.5, "output_per_million": 1, "as_of": "2026-11-01"},
    )
    profile, price = models.profile("custom/mine/other"), models.price("custom/mine/other")
    assert (profile.settings, profile.context_tokens) == (("max_tokens",), 8192)
    assert profile.listed
    assert profile.tools  # said nothing of: as it was guessed
    assert price is not None
    assert price.output_per_million == 1
    listed = {info.id: info for info in models.catalogue()}["custom/mine/a"]
    assert (listed.profile, listed.price, listed.context_tokens) == (profile, price, 8192)


def test_a_connection_that_declares_nothing_refuses_nothing() -> None:
    models = registry()
    assert not models.profile("custom/mine/a").listed
    assert models.price("custom/mine/a") is None
    assert models.price("custom/other/a") is None
    assert price_of("custom/mine/a") is None


def test_every_setting_that_a_profile_can_name_is_one() -> None:
    assert set(get_args(SettingName)) == set(Settings.model_fields) - {"drop_unsupported"}
