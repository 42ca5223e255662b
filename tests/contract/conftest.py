"""Every adapter of a port, handed to the port's one suite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from promptpilot import clock as product_clock
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.identity import Identity
from promptpilot.ports.table import Table
from tests.contract.hand_clock import HandClock
from tests.contract.issuers import ISSUERS, Issuer
from tests.contract.stores import BLOBS, TABLES, Aws, mocked_aws
from tests.contract.user_pools import Cognito, mocked_cognito


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
