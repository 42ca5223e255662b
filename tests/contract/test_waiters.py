"""What every `Waiter` promises."""

import threading
from collections.abc import Callable

import pytest

from embedded.waiter import LocalWaiter
from promptpilot.adapters.aws.polling_waiter import PollingWaiter
from promptpilot.ports.waiter import Waiter

WAITERS: dict[str, Callable[[], Waiter]] = {"local": LocalWaiter, "polling": PollingWaiter}
LONG = 20.0


@pytest.fixture(params=sorted(WAITERS))
def waiter(request: pytest.FixtureRequest) -> Waiter:
    return WAITERS[request.param]()


def test_what_has_ended_already_is_not_waited_for(waiter: Waiter) -> None:
    looks: list[None] = []
    assert waiter.wait("x", lambda: looks.append(None) is None, LONG)
    assert len(looks) == 1


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.01])
def test_a_wait_that_is_over_says_so_after_at_least_one_look(
    waiter: Waiter, seconds: float
) -> None:
    looks: list[None] = []
    assert not waiter.wait("x", lambda: looks.append(None) is not None, seconds)
    assert looks


def test_what_ends_at_the_last_moment_is_seen(waiter: Waiter) -> None:
    looks = iter([False, True])
    assert waiter.wait("x", lambda: next(looks), 0.001)


@pytest.mark.parametrize("announced", [True, False])
def test_what_another_thread_ends_is_seen_and_an_announcement_is_only_a_hint(
    waiter: Waiter, announced: bool
) -> None:
    ended, looked = threading.Event(), threading.Event()

    def look() -> bool:
        looked.set()
        return ended.is_set()

    def end() -> None:
        assert looked.wait(LONG)
        ended.set()
        if announced:
            waiter.announce("x")

    other = threading.Thread(target=end)
    other.start()
    assert waiter.wait("x", look, LONG)
    other.join(LONG)


def test_an_announcement_that_nobody_waits_for_is_fine(waiter: Waiter) -> None:
    waiter.announce("x")
    assert not waiter.wait("x", lambda: False, 0)


def test_an_error_of_the_look_ends_the_wait(waiter: Waiter) -> None:
    with pytest.raises(ZeroDivisionError):
        waiter.wait("x", lambda: bool(1 // 0), LONG)
