"""The embedded engine does what the Amazon States Language says."""

from collections.abc import Iterator

import pytest

from tests.conformance.all_cases import ALL
from tests.conformance.case import Case
from tests.conformance.on_engine import EngineRuns, engine_runs
from tests.conformance.outcome import differences


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRuns]:
    with engine_runs(tmp_path_factory.mktemp("conformance"), ALL) as started:
        yield started


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case.name for case in ALL}) == len(ALL)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_the_engine_keeps_the_rule(case: Case, runs: EngineRuns) -> None:
    assert differences(case, runs.outcome(case)) == [], case.why
