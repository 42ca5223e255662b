"""Looking again and again, on a clock of the test's own."""

import pytest

from promptpilot.adapters.aws.polling_waiter import PollingWaiter


class Clock:
    """Goes on while somebody sleeps, and for each look at it."""

    def __init__(self, per_look: float = 0.0) -> None:
        self.time, self.sleeps = 100.0, list[float]()
        self._per_look = per_look

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.sleeps.append(seconds)
        self.time += seconds

    def never(self) -> bool:
        self.time += self._per_look
        return False


def waiter(clock: Clock, max_seconds: float = 25.0) -> PollingWaiter:
    return PollingWaiter(max_seconds, clock=clock, sleep=clock.sleep)


def test_the_pauses_grow_from_a_twentieth_of_a_second_to_a_second() -> None:
    clock = Clock()
    waiter(clock).wait("x", clock.never, 20)
    assert clock.sleeps[:3] == pytest.approx([0.05, 0.075, 0.1125])
    assert clock.sleeps[:-1] == sorted(clock.sleeps[:-1])
    assert max(clock.sleeps) == 1.0
    assert len(clock.sleeps) < 30


@pytest.mark.parametrize(("asked", "waited"), [(3.0, 3.0), (25.0, 25.0), (300.0, 25.0)])
def test_it_waits_no_longer_than_it_was_asked_and_is_allowed_to(
    asked: float, waited: float
) -> None:
    clock = Clock()
    assert not waiter(clock).wait("x", clock.never, asked)
    assert sum(clock.sleeps) == pytest.approx(waited)


def test_slow_looks_count_as_waiting() -> None:
    clock = Clock(per_look=2.0)
    waiter(clock, max_seconds=5.0).wait("x", clock.never, 60)
    assert clock.time - 100 < 5.0 + 2 * 2.0


def test_it_is_over_soon_after_the_end() -> None:
    clock = Clock()
    assert waiter(clock).wait("x", lambda: clock.time >= 103.2, 20)
    assert clock.time - 103.2 < 1.0
