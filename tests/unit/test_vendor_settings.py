"""What the environment says of the vendors of models."""

import pytest

from promptpilot.adapters.models.registry import ModelRegistry
from promptpilot.errors import Invalid
from promptpilot.settings import Settings

URLS = {
    "openai": "OPENAI_BASE_URL",
    "anthropic": "ANTHROPIC_BASE_URL",
    "google": "GEMINI_BASE_URL",
    "bedrock": "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
}
KEYS = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "google": "GEMINI_API_KEY",
    "bedrock": "AWS_BEARER_TOKEN_BEDROCK",
}


@pytest.mark.parametrize("vendor", sorted(KEYS))
def test_each_vendor_has_a_variable_for_its_key_and_one_for_its_address(vendor: str) -> None:
    settings = Settings.read({KEYS[vendor]: "canary", URLS[vendor]: "http://127.0.0.1:1/x"})
    keys = {name for name, key in settings.keys.items() if key}
    urls = {name: str(url) for name, url in settings.urls.items() if url}
    assert (keys, urls) == ({vendor}, {vendor: "http://127.0.0.1:1/x"})


def test_what_is_set_to_nothing_is_not_set() -> None:
    nothing = dict.fromkeys([*URLS.values(), *KEYS.values(), "PROMPTPILOT_PLATFORM_KEYS"], "")
    settings = Settings.read(nothing | {"AWS_ACCESS_KEY_ID": ""})
    assert not any(settings.keys.values())
    assert not any(settings.urls.values())
    assert (settings.platform_keys, settings.aws_credentials) == ((), False)


def test_vendors_are_named_between_commas() -> None:
    named = Settings.read({"PROMPTPILOT_PLATFORM_KEYS": " openai, ,google "})
    assert named.platform_keys == ("openai", "google")


@pytest.mark.parametrize("vendor", sorted(URLS))
def test_an_address_that_is_none_is_told_by_its_variable_and_not_repeated(vendor: str) -> None:
    with pytest.raises(Invalid, match=URLS[vendor]) as raised:
        Settings.read({URLS[vendor]: "canary address"})
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize("vendor", sorted(URLS))
def test_an_address_that_no_path_can_be_added_to_is_refused_at_once(vendor: str) -> None:
    settings = Settings.read({URLS[vendor]: "http://127.0.0.1/v1?key=canary"})
    with pytest.raises(Invalid, match=f"{vendor}/") as raised:
        ModelRegistry({}, vendors=settings)
    assert "canary" not in str(raised.value)
