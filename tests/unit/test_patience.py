"""How long failed calls wait before they are made again."""

import pytest

from promptpilot.services.asking.patience import RUN, STEP, Patience
from promptpilot.step_errors import (
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRejectedRequest,
    ModelTimeout,
    ModelUnavailable,
)


@pytest.mark.parametrize("error", [ModelUnavailable(), ModelRateLimited(), ModelOverloaded()])
def test_a_run_by_itself_waits_at_random_up_to_twice_as_long_each_time(error: ModelError) -> None:
    firsts = [RUN.wait(error, 1) for _ in range(200)]
    seconds = [RUN.wait(error, 2) for _ in range(200)]
    assert 0.0 <= min(firsts) < 0.1 < 0.4 < max(firsts) <= 0.5
    assert 0.0 <= min(seconds) < 0.2 < 0.8 < max(seconds) <= 1.0


def test_a_step_leaves_that_to_its_state_machine() -> None:
    assert STEP.wait(ModelUnavailable(), 1) is None
    assert STEP.wait(ModelRateLimited(), 1) is None


@pytest.mark.parametrize("patience", [STEP, RUN])
def test_what_the_vendor_asks_for_is_waited_and_up_to_a_second_more(patience: Patience) -> None:
    waits = [patience.wait(ModelOverloaded(retry_after=2.0), 1) for _ in range(200)]
    assert 2.0 <= min(waits) < 2.2 < 2.8 < max(waits) <= 3.0


@pytest.mark.parametrize("patience", [STEP, RUN])
def test_nothing_is_tried_more_often_than_allowed(patience: Patience) -> None:
    assert patience.wait(ModelOverloaded(retry_after=0.0), 2) is not None
    assert patience.wait(ModelOverloaded(retry_after=0.0), 3) is None


@pytest.mark.parametrize("error", [ModelTimeout(), ModelRejectedRequest()])
def test_what_would_not_go_away_is_not_tried_again(error: ModelError) -> None:
    assert RUN.wait(error, 1) is None
