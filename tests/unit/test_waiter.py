"""Waiting for work of another thread."""

import threading

from embedded.waiter import LocalWaiter


def test_what_has_ended_already_is_not_waited_for() -> None:
    assert LocalWaiter().wait("x", lambda: True, 60)


def test_a_wait_that_is_over_says_so() -> None:
    assert not LocalWaiter().wait("x", lambda: False, 0.01)


def test_an_announcement_wakes_every_waiter_of_the_subject() -> None:
    waiter, ended, woken = LocalWaiter(look_again_seconds=60), threading.Event(), []

    def wait() -> None:
        woken.append(waiter.wait("x", ended.is_set, 10))

    threads = [threading.Thread(target=wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    ended.set()
    waiter.announce("x")
    for thread in threads:
        thread.join(30)
    assert woken == [True] * 8


def test_an_end_between_the_look_and_the_wait_is_not_missed() -> None:
    waiter = LocalWaiter(look_again_seconds=60)
    looks = []

    def ended() -> bool:
        looks.append(None)
        if len(looks) == 1:
            waiter.announce("x")  # it ends right after the first look said that it had not
            return False
        return True

    assert waiter.wait("x", ended, 10)
    assert len(looks) == 2


def test_nothing_is_kept_of_a_wait_that_is_over() -> None:
    waiter = LocalWaiter()
    waiter.wait("x", lambda: False, 0)
    assert not waiter._bells
