"""Every adapter of a port, handed to the port's one suite."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from promptpilot import clock as product_clock
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.cache import Cache
from promptpilot.ports.identity import Identity
from promptpilot.ports.rate_limiter import RateLimiter
from promptpilot.ports.table import Table
from tests.contract.dialects.all_dialects import DIALECTS
from tests.contract.hand_clock import HandClock
from tests.contract.issuers import ISSUERS, Issuer
from tests.contract.shared_stores import KINDS, OpenTable, Shared, shared_cache, shared_limiter
from tests.contract.stores import BLOBS, TABLES, Aws, mocked_aws
from tests.contract.user_pools import Cognito, mocked_cognito
from tests.contract.valkey_servers import RunningValkey, running_valkey
from tests.contract.wire_rig import WireRig
from tests.scripted_openai import ScriptedOpenAI


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with mocked_aws() as aws:
        yield aws


@pytest.fixture(params=sorted(TABLES))
def table(request: pytest.FixtureRequest, aws: Aws, tmp_path: Path) -> Iterator[Table]:
    with TABLES[request.param](aws, tmp_path) as table:
        yield table


@pytest.fixture(params=sorted(BLOBS))
def blobs(request: pytest.FixtureRequest, aws: Aws, tmp_path: Path) -> Blobs:
    return BLOBS[request.param](aws, tmp_path)


@pytest.fixture(scope="module")
def cognito() -> Iterator[Cognito]:
    with mocked_cognito() as cognito:
        yield cognito


@pytest.fixture(params=sorted(ISSUERS))
def issuer(request: pytest.FixtureRequest, cognito: Cognito, tmp_path: Path) -> Iterator[Issuer]:
    with ISSUERS[request.param](cognito, tmp_path) as issuer:
        yield issuer


@pytest.fixture
def identity(issuer: Issuer) -> Identity:
    return issuer.identity


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    hands = HandClock(1_800_000_000)
    monkeypatch.setattr(product_clock, "time", hands)
    return hands


@pytest.fixture(scope="session")
def valkey() -> Iterator[RunningValkey]:
    with running_valkey() as server:
        yield server


@pytest.fixture
def open_table(aws: Aws, tmp_path: Path) -> OpenTable:
    return lambda kind: TABLES[kind](aws, tmp_path)


@pytest_asyncio.fixture(params=KINDS)
async def caches(
    request: pytest.FixtureRequest, open_table: OpenTable, valkey: RunningValkey, clock: HandClock
) -> AsyncIterator[Shared[Cache]]:
    async with shared_cache(request.param, open_table, valkey, clock) as shared:
        yield shared


@pytest_asyncio.fixture(params=KINDS)
async def limiters(
    request: pytest.FixtureRequest, open_table: OpenTable, valkey: RunningValkey, clock: HandClock
) -> AsyncIterator[Shared[RateLimiter]]:
    async with shared_limiter(request.param, open_table, valkey, clock) as shared:
        yield shared


@pytest.fixture(params=sorted(DIALECTS))
async def streaming(request: pytest.FixtureRequest) -> AsyncIterator[WireRig]:
    dialect = DIALECTS[request.param]
    async with ScriptedOpenAI() as server:
        client = dialect.client(server.root)
        yield WireRig(dialect, server, client, stream=True)
        await client.close()


@pytest.fixture
def whole(streaming: WireRig) -> WireRig:
    return replace(streaming, stream=False)


@pytest.fixture(params=["whole", "streamed"])
def rig(request: pytest.FixtureRequest, streaming: WireRig) -> WireRig:
    return replace(streaming, stream=request.param == "streamed")
