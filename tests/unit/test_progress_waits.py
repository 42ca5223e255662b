"""Waiting for something to happen in an execution."""

from typing import Any

from promptpilot.domain.progress import Progress, progress_subject
from promptpilot.errors import Unavailable
from promptpilot.services.progress.following import Ports, await_progress
from tests.unit.watched import Watched, brief


class Happens:
    """A `Waiter` during whose wait something happens; then it looks, as often as told."""

    def __init__(self, *happenings: Any) -> None:
        self._happenings = happenings
        self.subject = ""
        self.seconds = 0.0

    def announce(self, subject: str) -> None:
        raise AssertionError(subject)

    def wait(self, subject: str, ended: Any, seconds: float) -> bool:
        self.subject, self.seconds = subject, seconds
        for happen in self._happenings:
            happen()
            if ended():
                return True
        return False


def wait(watched: Watched, waiter: Happens, cursor: str | None = None) -> Progress:
    ports = Ports(**{**{n: getattr(watched.ports, n) for n in Ports.__slots__}, "waiter": waiter})
    execution = watched.execution.id
    return await_progress(watched.world.principal, execution, 7, cursor=cursor, ports=ports)


def test_who_waits_is_answered_when_something_happens() -> None:
    watched = Watched()
    cursor = watched.ask().next_cursor
    waiter = Happens(lambda: None, lambda: watched.enters("first"), lambda: 1 / 0)
    progress = wait(watched, waiter, cursor)
    assert brief(progress.items) == [("state.entered", "first")]
    assert (waiter.subject, waiter.seconds) == (progress_subject(watched.execution.id), 7)


def test_who_waits_is_answered_when_the_status_changes() -> None:
    watched = Watched()
    cursor = watched.ask().next_cursor
    waiter = Happens(lambda: watched.world.change(watched.execution, "RUNNING"), lambda: 1 / 0)
    progress = wait(watched, waiter, cursor)
    assert (progress.items, progress.status) == ((), "running")


def test_nobody_waits_for_more_of_an_execution_that_has_ended() -> None:
    watched = Watched()
    watched.ends()
    cursor = watched.ask().next_cursor
    progress = wait(watched, Happens(lambda: 1 / 0), cursor)
    assert progress.items == ()


def test_an_orchestrator_with_too_much_to_do_is_asked_again() -> None:
    watched = Watched()
    cursor = watched.ask().next_cursor
    history = watched.world.orchestrator.history

    def refuse(*_: Any, **__: Any) -> Any:
        raise Unavailable(reason="Too many requests.")

    def breaks() -> None:
        watched.world.orchestrator.history = refuse  # type: ignore[method-assign]

    def works() -> None:
        watched.enters("first")
        watched.world.orchestrator.history = history  # type: ignore[method-assign]

    progress = wait(watched, Happens(breaks, works), cursor)
    assert brief(progress.items) == [("state.entered", "first")]
