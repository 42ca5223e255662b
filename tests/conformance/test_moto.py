"""moto's interpreter says the same of the cases: it was written from the same rules by others."""

from collections.abc import Iterator

import pytest

from tests.conformance.all_cases import ALL, marked
from tests.conformance.case import TIMED_OUT, Case
from tests.conformance.events import events
from tests.conformance.moto_differs import DIFFERS, SAME_TOKEN
from tests.conformance.on_engine import EngineRuns, engine_runs
from tests.conformance.on_moto import moto_runs
from tests.conformance.on_step_functions import StatesRuns
from tests.conformance.outcome import differences

FIT = [case for case in ALL if "moto" not in case.unfit and DIFFERS.get(case.name) != SAME_TOKEN]
"""Where an attempt takes the answer to another, what comes of it is a matter of time."""
ALIKE = [case for case in FIT if case.name not in DIFFERS]


@pytest.fixture(scope="module")
def runs() -> Iterator[StatesRuns]:
    with moto_runs(FIT) as started:
        yield started


def test_every_difference_is_of_a_case() -> None:
    assert DIFFERS.keys() <= {case.name for case in ALL if "moto" not in case.unfit}


@pytest.mark.filterwarnings("ignore")  # moto's own
@pytest.mark.parametrize("case", marked(FIT, DIFFERS))
def test_the_reference_keeps_the_rule_too(case: Case, runs: StatesRuns) -> None:
    assert differences(case, runs.outcome(case)) == [], case.why


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRuns]:
    with engine_runs(tmp_path_factory.mktemp("ours"), ALIKE) as started:
        yield started


@pytest.mark.filterwarnings("ignore")  # moto's own
@pytest.mark.parametrize("case", ALIKE, ids=lambda case: case.name)
def test_a_history_has_as_many_events_as_our_bounds_count(
    case: Case, runs: StatesRuns, ours: EngineRuns
) -> None:
    runs.outcome(case)
    ours.outcome(case)
    history = ours.history(case)
    counted, there = events(case.asl, history), len(runs.history(case))
    if any(event.type == "state_failed" for event in history) or case.ends is TIMED_OUT:
        assert there <= counted  # what fails is not left, and what is stopped does not end
    else:
        assert there == counted
