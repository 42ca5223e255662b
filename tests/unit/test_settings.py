"""What an operator sets from outside, and how a mistake in it is told."""

import json
from pathlib import Path

import pytest

from promptpilot.errors import Invalid
from promptpilot.settings import Settings

CANARY = "sk-canary-7f3a"


def test_without_an_environment_there_are_defaults() -> None:
    settings = Settings.read({"PATH": "/bin"})
    assert settings.data == Path(".promptpilot")
    assert settings.custom_models == {}


def test_custom_models_are_read_from_json_and_their_key_stays_hidden() -> None:
    custom = {"fake": {"base_url": "http://127.0.0.1:9100/v1", "api_key": CANARY}}
    environ = {"PROMPTPILOT_CUSTOM_MODELS": json.dumps(custom), "PROMPTPILOT_DATA": "/var/x"}
    settings = Settings.read(environ)
    assert settings.custom_models["fake"].api_key.get_secret_value() == CANARY
    assert settings.data == Path("/var/x")
    assert CANARY not in repr(settings)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (f'{{"a": {{"base_url": "http://x/v1", "api_key": "{CANARY}"}}', "CUSTOM_MODELS"),
        (json.dumps({"a": {"base_url": CANARY}}), "CUSTOM_MODELS.a.base_url"),
        (json.dumps({"a": {"url": "http://x", "api_key": CANARY}}), "CUSTOM_MODELS.a.url"),
        (json.dumps([CANARY]), "CUSTOM_MODELS"),
    ],
)
def test_a_mistake_is_told_by_its_place_and_without_what_was_given(value: str, place: str) -> None:
    with pytest.raises(Invalid) as refused:
        Settings.read({"PROMPTPILOT_CUSTOM_MODELS": value})
    assert f"PROMPTPILOT_{place}: " in str(refused.value)
    assert CANARY not in str(refused.value)
    assert refused.value.__suppress_context__


def test_what_workflows_may_reach_is_a_list_of_hosts_and_networks() -> None:
    environ = {"PROMPTPILOT_EGRESS_ALLOW": "tool.internal:8443, 10.1.0.0/16 ,"}
    assert Settings.read(environ).egress_allow == ("tool.internal:8443", "10.1.0.0/16")
    assert Settings.read({}).egress_allow == ()


@pytest.mark.parametrize("value", ["10.0.0.1/8", "http://x", "a b", "tool:port"])
def test_what_is_no_host_and_no_network_is_told_at_the_start(value: str) -> None:
    with pytest.raises(Invalid, match="PROMPTPILOT_EGRESS_ALLOW"):
        Settings.read({"PROMPTPILOT_EGRESS_ALLOW": value})


@pytest.mark.parametrize(
    "url",
    [
        "valkey://127.0.0.1:6379",
        "redis://cache.internal",
        f"rediss://user:{CANARY}@cache.internal:6380/2",
        "valkeys://[::1]:6379/",
    ],
)
def test_a_valkey_server_is_told_by_its_url_which_stays_hidden(url: str) -> None:
    settings = Settings.read({"PROMPTPILOT_VALKEY_URL": url})
    assert settings.valkey_url is not None
    assert settings.valkey_url.get_secret_value() == url
    assert url not in repr(settings)


@pytest.mark.parametrize("environ", [{}, {"PROMPTPILOT_VALKEY_URL": ""}])
def test_there_need_be_no_valkey_server(environ: dict[str, str]) -> None:
    assert Settings.read(environ).valkey_url is None


@pytest.mark.parametrize(
    "url",
    [
        f"http://{CANARY}@host",
        f"unix://{CANARY}",
        f"{CANARY}:6379",
        f"valkey://user:{CANARY}@",
        f"valkey://{CANARY}@host:port",
        f"valkey://{CANARY}@host:0",
        f"valkey://{CANARY}@host:70000",
        f"valkey://{CANARY}@[::1",
        f"valkey://host/{CANARY}",
        f"valkey://host/1/{CANARY}",
        f"valkey://host/0?password={CANARY}",
        f"valkey://host/0#{CANARY}",
    ],
)
def test_what_leads_to_no_valkey_server_is_told_without_what_was_given(url: str) -> None:
    with pytest.raises(Invalid, match="PROMPTPILOT_VALKEY_URL: ") as refused:
        Settings.read({"PROMPTPILOT_VALKEY_URL": url})
    assert CANARY not in str(refused.value)
