"""The API's handler on a platform in memory; with a real issuer of tokens where that matters."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from embedded.database import Database
from embedded.identity import LocalIdentity
from promptpilot import platform
from promptpilot.platform import Platform
from tests.handlers.here import Caller, make_user, memory_platform


@pytest.fixture
def ports() -> Iterator[Platform]:
    installed = memory_platform()
    platform.install(installed)
    yield installed
    platform.install(None)


@pytest.fixture
def identity(ports: Platform, tmp_path: Path) -> Iterator[LocalIdentity]:
    database = Database(tmp_path / "identity.db")
    issuer = LocalIdentity(database, tmp_path)
    platform.install(replace(ports, identity=issuer))
    yield issuer
    database.close()


@pytest.fixture
def one(ports: Platform) -> Caller:
    return make_user("One")


@pytest.fixture
def two(ports: Platform) -> Caller:
    return make_user("Two")
