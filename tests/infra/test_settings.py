"""What a deployment can choose, and what it is told when it chooses wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from stacks.settings import Settings, SettingsInvalid

VALKEY = {
    "url": "valkeys://cache.example:6379",
    "subnets": ["subnet-01234567"],
    "security_groups": ["sg-01234567"],
}


def test_without_any_choice_it_is_dev_which_may_be_deleted() -> None:
    settings = Settings.read()

    assert settings.stage == "dev"
    assert settings.protected is False
    assert settings.account is settings.region is None


def test_prod_is_protected_unless_it_says_otherwise(tmp_path: Path) -> None:
    assert Settings.read("prod").protected is True
    assert Settings.read("prod", _file(tmp_path, protected=False)).protected is False


def test_what_a_file_says_holds(tmp_path: Path) -> None:
    settings = Settings.read("qa", _file(tmp_path, retention={"logs": 90}))

    assert settings.stage == "qa"
    assert settings.retention.logs == 90


def test_a_function_keeps_what_was_not_chosen_for_it(tmp_path: Path) -> None:
    settings = Settings.read(file=_file(tmp_path, functions={"api": {"memory_mb": 1024}}))

    assert settings.functions["api"].memory_mb == 1024
    assert settings.functions["api"].timeout_seconds == 30
    assert settings.functions["live"] == Settings.read().functions["live"]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"retentoin": {}}, "retentoin"),
        ({"stage": "Dev"}, "stage"),
        ({"stage": "dev-two"}, "stage"),
        ({"functions": {"worker": {}}}, "no such function: worker"),
        ({"functions": {"api": {"memory_mb": 64}}}, "functions.api.memory_mb"),
        ({"functions": []}, "functions"),
        ({"retention": {"logs": 31}}, "retention.logs"),
        ({"account": "123456789012"}, "account and region"),
        (
            {"domain": {"name": "one.example.com", "certificate_arn": "arn:aws:acm:eu-west-1:1"}},
            "arn",
        ),
        ({"bedrock": ["*"]}, "bedrock.0"),
        ({"traces": {"endpoint": "https://t.example", "headers": "x=y"}}, "traces.headers"),
        ({"traces": {"endpoint": "https://user:word@t.example"}}, "traces.endpoint"),
        ({"traces": {"endpoint": "https://t.example/?key=word"}}, "traces.endpoint"),
        ({"traces": {"endpoint": "https://t.example", "sampled": 2}}, "traces.sampled"),
        ({"bedrock": ["arn:aws:bedrock:eu-central-1::*"]}, "bedrock.0"),
        ({"custom_models": {"lab": {"base_url": "https://x.example", "api_key": "k"}}}, "api_key"),
        ({"valkey": {**VALKEY, "url": "valkeys://user:word@cache.example:6379"}}, "valkey.url"),
        ({"valkey": {**VALKEY, "url": "valkey://cache.example:6379"}}, "valkey.url"),
        ({"valkey": {**VALKEY, "subnets": []}}, "valkey.subnets"),
        (
            {"valkey": {**VALKEY, "security_groups": ["sg-01234567", "default"]}},
            "valkey.security_groups.1",
        ),
    ],
)
def test_a_wrong_choice_is_told_by_its_name(
    tmp_path: Path, given: dict[str, Any], fault: str
) -> None:
    with pytest.raises(SettingsInvalid) as told:
        Settings.read(file=_file(tmp_path, **given))

    (only,) = told.value.faults
    assert fault in only
    assert "settings.json" in str(told.value)


def test_all_wrong_choices_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid) as told:
        Settings.read(file=_file(tmp_path, alarms={"email": "nobody"}, snap_start="perhaps"))

    assert len(told.value.faults) == 2


def test_a_file_of_another_stage_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="is prod, and dev was asked for"):
        Settings.read("dev", _file(tmp_path, stage="prod"))


def test_a_file_that_is_not_there_or_no_object_is_told(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.json"
    with pytest.raises(SettingsInvalid, match=r"nothing\.json"):
        Settings.read(file=nothing)
    nothing.write_text("[1]")
    with pytest.raises(SettingsInvalid, match="JSON object"):
        Settings.read(file=nothing)


def _file(folder: Path, **settings: Any) -> Path:
    file = folder / "settings.json"
    file.write_text(json.dumps(settings))
    return file
