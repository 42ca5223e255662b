"""Every adapter of a port, handed to the port's one suite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from promptpilot import clock as product_clock
from promptpilot.ports import Blobs, Table
from tests.contract.hand_clock import HandClock
from tests.contract.stores import BLOBS, TABLES, Aws, mocked_aws


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


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    hands = HandClock(1_800_000_000)
    monkeypatch.setattr(product_clock, "time", hands)
    return hands
