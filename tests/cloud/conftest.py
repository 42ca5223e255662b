"""One emulated cloud for all tests of this folder, deployed once."""

import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Semaphore
from typing import Any

import pytest

from cloud.running import Cloud, running_cloud
from cloud.synthesis import synthesise
from embedded.demo.client import Client
from tests.cloud.deployed import keep_secret, tell_function
from tests.cloud.scripted_models import ScriptedModels, connection, serving_models
from tests.cloud.stock import Stock
from tests.cloud.users import log_in, sign_up
from tests.embedded.collector import Collector, collecting
from tests.embedded.echoing_vendor import EchoingVendor
from tests.embedded.streaming_model import StreamingModel

FOLDER = Path("build/cloud-test")
"""Where the emulator's log is looked for when a test failed."""
COLLECTOR_HEADERS = "x-collector-key=canary-collector"


@pytest.fixture(scope="session", autouse=True)
def stopping_cleanly() -> None:
    """A run that is told to end, as by its time limit, ends what it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def models() -> Iterator[ScriptedModels]:
    with serving_models() as serving:
        yield serving


@pytest.fixture(scope="session")
def streaming_server() -> Iterator[StreamingModel]:
    with StreamingModel("Once upon a time there was a model") as serving:
        yield serving


@pytest.fixture
def streaming(streaming_server: StreamingModel) -> StreamingModel:
    """It says nothing until a test allows it to."""
    streaming_server.words = Semaphore(0)
    return streaming_server


@pytest.fixture(scope="session")
def stock() -> Iterator[Stock]:
    with Stock() as serving:
        yield serving


@pytest.fixture(scope="session")
def vendor() -> Iterator[EchoingVendor]:
    with EchoingVendor() as serving:
        yield serving


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    with collecting() as serving:
        yield serving


@pytest.fixture(scope="session")
def cloud(
    models: ScriptedModels,
    streaming_server: StreamingModel,
    stock: Stock,
    vendor: EchoingVendor,
    collector: Collector,
) -> Iterator[Cloud]:
    settings: dict[str, Any] = {
        "stage": "test",
        "custom_models": {**connection(models), "streaming": {"base_url": streaming_server.url}},
        "egress_allow": [stock.host],
        "traces": {"endpoint": collector.url},
    }
    stacks = synthesise(FOLDER, settings)
    with running_cloud(FOLDER / "emulator", stacks) as running:
        keep_secret(running, "platform/otlp-headers", COLLECTOR_HEADERS)
        tell_function(running, "step-worker", OPENAI_BASE_URL=vendor.url)
        yield running


@pytest.fixture(scope="session")
def one(cloud: Cloud) -> Client:
    sign_up(cloud, "one@example.com")
    return Client(cloud.api_url).with_token(log_in(cloud, "one@example.com")["access_token"])


@pytest.fixture
def newcomer(cloud: Cloud, request: pytest.FixtureRequest) -> Client:
    """Somebody whose workspace no other test uses: its settings are everywhere after seconds."""
    email = f"{request.node.name.replace('_', '-')[-40:]}@example.com"
    sign_up(cloud, email)
    return Client(cloud.api_url).with_token(log_in(cloud, email)["access_token"])


@pytest.fixture(scope="session")
def two(cloud: Cloud) -> Client:
    sign_up(cloud, "two@example.com")
    return Client(cloud.api_url).with_token(log_in(cloud, "two@example.com")["access_token"])
