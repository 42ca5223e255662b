"""The bus of one process calls the handlers of its rules, and survives their mistakes."""

from collections.abc import Mapping
from typing import Any

import pytest

from embedded.event_bus import ATTEMPTS, Handler, LocalEventBus
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.ids import new_id
from promptpilot.errors import Conflict, Unavailable


def event(type: EventType = EventType.EXECUTION_QUEUED) -> Event:
    return Event.of(type, workspace=new_id("ws"), actor="system", subject="execution_1")


class Handles:
    """A handler that counts its calls and fails by a script."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.calls: list[str] = []

    def __call__(self, told: Mapping[str, Any], _context: object) -> None:
        self.calls.append(told["detail-type"])
        if self._failures:
            raise self._failures.pop(0)


def test_a_rule_gets_its_own_types_and_everything_gets_all() -> None:
    queued, everything = Handles(), Handles()
    bus = LocalEventBus({EventType.EXECUTION_QUEUED: (queued,)}, everything=lambda: (everything,))
    bus.publish([event(EventType.PROMPT_CREATED), event()])
    assert queued.calls == ["execution.queued"]
    assert everything.calls == ["prompt.created", "execution.queued"]


def test_who_gets_everything_is_asked_anew_for_each_event() -> None:
    first, listening = Handles(), list[Handler]()
    rules = {EventType.EXECUTION_QUEUED: (lambda _event, _context: listening.append(first),)}
    LocalEventBus(rules, everything=lambda: tuple(listening[:1])).publish([event(), event()])
    assert first.calls == ["execution.queued"]


def test_a_handler_that_fails_by_a_mistake_does_not_hold_up_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = Handles(*[KeyError("x")] * ATTEMPTS)
    well = Handles()
    bus = LocalEventBus({EventType.EXECUTION_QUEUED: (broken, well)})
    bus.publish([event(), event()])
    assert len(broken.calls) == ATTEMPTS + 1
    assert len(well.calls) == 2
    assert len(caplog.records) == ATTEMPTS


def test_a_handler_that_fails_once_is_called_again() -> None:
    handler = Handles(Conflict(reason="It changed in the meantime."))
    LocalEventBus({EventType.EXECUTION_QUEUED: (handler,)}).publish([event()])
    assert len(handler.calls) == 2


def test_a_part_out_of_reach_ends_the_call() -> None:
    handler, next_handler = Handles(Unavailable()), Handles()
    bus = LocalEventBus({EventType.EXECUTION_QUEUED: (handler, next_handler)})
    with pytest.raises(Unavailable):
        bus.publish([event()])
    assert next_handler.calls == []


def test_it_knows_whether_anybody_hears_a_type_now() -> None:
    rules = {EventType.EXECUTION_QUEUED: (lambda _event, _context: None,)}
    listening: list[Handler] = []
    bus = LocalEventBus(rules, everything=lambda: listening)
    assert bus.hears(EventType.EXECUTION_QUEUED)
    assert not bus.hears(EventType.STEP_SUCCEEDED)
    listening.append(lambda _event, _context: None)
    assert bus.hears(EventType.STEP_SUCCEEDED)
