"""One emulated cloud for all tests of this folder, deployed once."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.running import Cloud, running_cloud
from cloud.synthesis import synthesise
from embedded.demo.client import Client
from tests.cloud.scripted_models import ScriptedModels, connection, serving_models
from tests.cloud.users import log_in, sign_up

FOLDER = Path("build/cloud-test")
"""Where the emulator's log is looked for when a test failed."""


@pytest.fixture(scope="session", autouse=True)
def stopping_cleanly() -> None:
    """A run that is told to end, as by its time limit, ends what it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def models() -> Iterator[ScriptedModels]:
    with serving_models() as serving:
        yield serving


@pytest.fixture(scope="session")
def cloud(models: ScriptedModels) -> Iterator[Cloud]:
    settings: dict[str, Any] = {"stage": "test", "custom_models": connection(models)}
    stacks = synthesise(FOLDER, settings)
    with running_cloud(FOLDER / "emulator", stacks) as running:
        yield running


@pytest.fixture(scope="session")
def one(cloud: Cloud) -> Client:
    sign_up(cloud, "one@example.com")
    return Client(cloud.api_url).with_token(log_in(cloud, "one@example.com")["access_token"])


@pytest.fixture(scope="session")
def two(cloud: Cloud) -> Client:
    sign_up(cloud, "two@example.com")
    return Client(cloud.api_url).with_token(log_in(cloud, "two@example.com")["access_token"])
