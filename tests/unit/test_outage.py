"""When something that is out of reach is tried again, and what is told of it."""

import logging

import pytest

from promptpilot.adapters.outage import Outage
from promptpilot.errors import StoreUnavailable


class Hands:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def outage(hands: Hands) -> Outage:
    return Outage("It", meanwhile="we go on", cool_down=5, clock=hands)


def fail(outage: Outage) -> None:
    with pytest.raises(StoreUnavailable), outage.trying():
        raise StoreUnavailable("Refused")


def test_it_is_left_alone_for_a_while_and_then_tried_by_one(outage: Outage, hands: Hands) -> None:
    fail(outage)
    hands.seconds = 4.9
    with pytest.raises(StoreUnavailable), outage.trying():
        pytest.fail("tried")
    hands.seconds = 5
    with outage.trying() as trial:
        assert trial
        with pytest.raises(StoreUnavailable), outage.trying():
            pytest.fail("tried by two")
        assert outage.lasts

    assert not outage.lasts
    with outage.trying() as trial:
        assert not trial


def test_a_trial_that_was_cut_off_says_nothing(outage: Outage, hands: Hands) -> None:
    fail(outage)
    hands.seconds = 5
    with pytest.raises(KeyboardInterrupt), outage.trying():
        raise KeyboardInterrupt

    assert outage.lasts


def test_what_began_before_the_outage_does_not_end_it(outage: Outage) -> None:
    with outage.trying():
        fail(outage)

    assert outage.lasts


def test_the_log_is_told_of_each_beginning_and_end(
    outage: Outage, hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for begun in (0, 100):
        for passed in range(20):
            hands.seconds = begun + passed * 5
            fail(outage)
        hands.seconds += 5
        with outage.trying():
            pass

    assert [each.getMessage() for each in caplog.records] == [
        "It is out of reach (Refused); we go on",
        "It is back again",
    ] * 2
    assert outage.count == 2
