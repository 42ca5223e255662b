"""The locks of the layers agree with each other and with the product's own."""

import re
from itertools import combinations
from pathlib import Path

from stacks.packaging.parts import LAYERS, ROOT, Libraries

LOCKED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
LOCKS = {part.name: part.lock for part in LAYERS.values() if isinstance(part, Libraries)}


def versions(lock: Path) -> dict[str, str]:
    return dict(LOCKED.findall(lock.read_text()))


def test_every_folder_with_a_lock_is_a_layer() -> None:
    assert {each.parent.name for each in ROOT.glob("layers/*/requirements.txt")} == set(LOCKS)


def test_no_library_is_in_two_layers() -> None:
    for one, other in combinations(LOCKS.values(), 2):
        assert versions(one).keys().isdisjoint(versions(other)), (one, other)


def test_a_library_has_the_same_version_on_every_platform() -> None:
    own = versions(ROOT / "requirements.txt")
    for lock in LOCKS.values():
        for name, version in versions(lock).items():
            assert own.get(name, version) == version, name


def test_every_library_is_held_to_hashes() -> None:
    for lock in LOCKS.values():
        blocks = re.split(r"\n(?=\S)", lock.read_text())
        libraries = [each for each in blocks if LOCKED.match(each)]
        assert libraries
        assert all("--hash=sha256:" in each for each in libraries)


def test_what_few_functions_or_only_this_machine_need_is_not_in_the_runtime_layer() -> None:
    unwanted = {
        "openai",
        "aiohttp",
        "opentelemetry-sdk",
        "valkey",
        "httpx2",
        "uvicorn",
        "argon2-cffi",
        "xllamacpp",
        "typer",
        "rich",
    }

    assert unwanted.isdisjoint(versions(LOCKS["runtime"]))
