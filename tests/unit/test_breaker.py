"""Not asking a model that keeps failing."""

from contextlib import suppress

import pytest

from promptpilot.services.asking import breaker
from promptpilot.services.asking.breaker import FAILURES, LONGEST_SECONDS, OPEN_SECONDS, Breakers
from promptpilot.step_errors import (
    ModelAuthFailed,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
)

MODEL = "fake/echo"


class Hand:
    """A clock that a test moves, and breakers that go by it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.breakers = Breakers(lambda: self.now)

    def fails(self, error: ModelError, *, times: int = 1, timeout: float = 60.0) -> None:
        for _ in range(times):
            with suppress(type(error)), self.breakers.guard(MODEL, timeout):
                raise error

    def is_asked(self, model: str = MODEL) -> bool:
        """Whether a call is made, which works."""
        try:
            with self.breakers.guard(model, 60.0):
                return True
        except ModelUnavailable:
            return False


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.mark.parametrize("error", [ModelUnavailable(), ModelOverloaded(), ModelTimeout()])
def test_a_model_that_keeps_failing_is_asked_no_more_for_a_while(
    hand: Hand, error: ModelError
) -> None:
    hand.fails(error, times=FAILURES)
    assert not hand.is_asked()
    hand.now += OPEN_SECONDS - 0.1
    assert not hand.is_asked()
    hand.now += 0.2
    assert hand.is_asked()


def test_what_is_told_instead_says_when_it_is_asked_again(hand: Hand) -> None:
    hand.fails(ModelUnavailable(), times=FAILURES)
    with (
        pytest.raises(ModelUnavailable, match="asked again in 10 s"),
        hand.breakers.guard(MODEL, 1),
    ):
        pytest.fail("asked")


def test_other_models_are_asked_all_the_same(hand: Hand) -> None:
    hand.fails(ModelUnavailable(), times=FAILURES)
    assert hand.is_asked("fake/other")


def test_a_success_in_between_begins_the_count_anew(hand: Hand) -> None:
    for _ in range(3):
        hand.fails(ModelUnavailable(), times=FAILURES - 1)
        assert hand.is_asked()


@pytest.mark.parametrize("error", [ModelAuthFailed(), ModelRateLimited(), ModelRefused()])
def test_what_a_workspace_brings_about_itself_does_not_count(hand: Hand, error: ModelError) -> None:
    hand.fails(error, times=100)
    assert hand.is_asked()


def test_a_short_time_limit_is_not_the_models_fault(hand: Hand) -> None:
    hand.fails(ModelTimeout(), times=100, timeout=breaker.LONG_TIMEOUT_SECONDS - 1)
    assert hand.is_asked()


def test_one_call_tries_whether_it_works_again_while_the_others_wait(hand: Hand) -> None:
    hand.fails(ModelUnavailable(), times=FAILURES)
    hand.now += OPEN_SECONDS + 1
    with hand.breakers.guard(MODEL, 60.0):
        assert not hand.is_asked()
    assert hand.is_asked()


def test_a_trial_that_is_cancelled_leaves_room_for_another(hand: Hand) -> None:
    hand.fails(ModelUnavailable(), times=FAILURES)
    hand.now += OPEN_SECONDS + 1
    with suppress(KeyboardInterrupt), hand.breakers.guard(MODEL, 60.0):
        raise KeyboardInterrupt
    assert hand.is_asked()


def test_a_trial_that_fails_opens_the_circuit_for_longer_up_to_a_bound(hand: Hand) -> None:
    hand.fails(ModelUnavailable(), times=FAILURES)
    for seconds in (OPEN_SECONDS * 2, OPEN_SECONDS * 4, LONGEST_SECONDS, LONGEST_SECONDS):
        hand.now += LONGEST_SECONDS + 1
        hand.fails(ModelUnavailable())
        hand.now += seconds - 0.1
        assert not hand.is_asked()
    hand.now += 0.2
    assert hand.is_asked()


def test_the_models_that_are_remembered_are_bounded(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "MOST_MODELS", 2)
    for name in ("a", "b", "c"):
        for _ in range(FAILURES):
            with suppress(ModelUnavailable), hand.breakers.guard(name, 60.0):
                raise ModelUnavailable
    assert [hand.is_asked(name) for name in ("a", "b", "c")] == [True, False, False]
