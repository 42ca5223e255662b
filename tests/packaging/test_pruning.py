"""What is left out of the layers is not missed."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from promptpilot.adapters.aws.clients import Clients
from stacks.packaging.installer import install
from stacks.packaging.parts import FUNCTIONS, LAMBDA_MAX_MB, LAYERS, Libraries
from stacks.packaging.pruning import AWS_SERVICES, RULES, Rule, prune
from stacks.packaging.sizes import size_mb
from stacks.packaging.target import Target
from tests.packaging.conftest import AloneWith

CLIENTS = sorted(name for name, each in vars(Clients).items() if isinstance(each, property))


def test_paths_that_a_rule_names_are_removed_and_others_stay(tmp_path: Path) -> None:
    for name in ("one/tests/test_one.py", "one/code.py", "one/data/kept/x", "one/data/dropped/x"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")

    prune(tmp_path, [Rule("", ("**/tests",)), Rule("", ("one/data/*/",), spared=("kept",))])

    left = sorted(str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*") if each.is_file())
    assert left == ["one/code.py", "one/data/kept/x"]


def test_every_rule_has_its_reason() -> None:
    assert all(rule.reason.endswith(".") and rule.patterns for rule in RULES)


@pytest.mark.packages
def test_every_rule_still_finds_something_to_leave_out(tmp_path: Path) -> None:
    for part in LAYERS.values():
        if isinstance(part, Libraries):
            install(part.lock, Target.host(), tmp_path / part.name)

    idle = [
        rule.reason
        for rule in RULES
        if not any(any(rule.paths(folder)) for folder in tmp_path.iterdir())
    ]

    assert idle in ([], [RULES[0].reason])  # most installers compile nothing here


@pytest.mark.packages
@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_can_be_made_of_every_service_the_product_calls(
    name: str, alone: AloneWith
) -> None:
    code = f"""
from promptpilot.adapters.aws.clients import Clients
print(Clients("eu-central-1").{name}.meta.endpoint_url)
"""

    assert alone(("core", "runtime")).run(code).startswith("https://")


@pytest.mark.packages
def test_a_client_of_a_websocket_can_be_made(alone: AloneWith) -> None:
    code = """
from promptpilot.adapters.aws.clients import Clients
client = Clients("eu-central-1").websocket("https://one.example.com/live")
print(client.meta.endpoint_url)
"""

    assert alone(("core", "runtime")).run(code) == "https://one.example.com/live"


@pytest.mark.packages
def test_the_services_that_are_kept_are_those_there_are_clients_of(
    packages: Mapping[str, Path],
) -> None:
    data = packages["runtime"] / "python" / "botocore" / "data"

    kept = {each.name for each in data.iterdir() if each.is_dir()}

    assert kept == set(AWS_SERVICES)
    assert len(kept) == len(CLIENTS) + 1  # and that of WebSockets, which needs an address


@pytest.mark.packages
def test_licences_and_versions_come_along(packages: Mapping[str, Path]) -> None:
    for name in ("runtime", "llm"):
        metadata = sorted(packages[name].glob("python/*.dist-info"))
        assert metadata
        assert all((each / "METADATA").is_file() for each in metadata)


@pytest.mark.packages
def test_no_command_and_no_bytecode_of_another_python_is_shipped(
    packages: Mapping[str, Path],
) -> None:
    for folder in packages.values():
        assert not (folder / "python" / "bin").exists()
        tags = {each.name.split(".")[-2] for each in folder.rglob("*.pyc")}
        assert {each.removesuffix(".opt-1") for each in tags} <= {sys.implementation.cache_tag}


@pytest.mark.packages
def test_packages_are_as_small_as_they_are_meant_to_be(packages: Mapping[str, Path]) -> None:
    parts = (*LAYERS.values(), FUNCTIONS)
    sizes = {part.name: size_mb(packages[part.name]) for part in parts}

    too_large = {part.name: sizes[part.name] for part in parts if sizes[part.name] > part.max_mb}

    assert not too_large
    assert sum(part.max_mb for part in parts) <= LAMBDA_MAX_MB / 2


@pytest.mark.packages
def test_what_is_compiled_is_never_checked_against_its_source(
    packages: Mapping[str, Path],
) -> None:
    for name, folder in packages.items():
        compiled = sorted(folder.rglob("*.pyc"))
        modules = sorted(each for each in folder.rglob("*.py"))
        assert len(compiled) >= 0.99 * len(modules), name  # a few libraries ship what is no Python
        assert all(each.read_bytes()[4:8] == b"\x01\0\0\0" for each in compiled), name
