"""Schedules fire when they are due, by the clock on the wall, at least once."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from embedded.database import Database
from embedded.event_bus import LocalEventBus
from embedded.scheduler import SqliteScheduler
from promptpilot import clock as product_clock
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.schedule import Schedule
from promptpilot.errors import StoreUnavailable
from tests.contract.hand_clock import HandClock

WORKSPACE = "ws_01K00000000000000000000000"
START = datetime(2027, 3, 26, 12, tzinfo=UTC)
"""A Friday; Berlin's clock goes forward on the Sunday after."""


class Bus:
    """An `EventBus` that remembers, and fails as long as it is told to."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.error: Exception | None = None

    def publish(self, events: Sequence[Event]) -> None:
        if self.error is not None:
            raise self.error
        self.events += events

    def times(self) -> list[str]:
        """When the events were planned: day and time."""
        return [f"{event.at:%dT%H:%M}" for event in self.events]


class World:
    """A scheduler whose process can be ended and started again."""

    def __init__(self, database: Database, clock: HandClock) -> None:
        self.database, self.clock, self.bus = database, clock, Bus()
        self.restart()

    def restart(self) -> None:
        self.scheduler = SqliteScheduler(self.database, self.bus)

    def put(self, expression: str, id: str = "a", **more: Any) -> Schedule:
        given = {"workspace": WORKSPACE, "id": id, "expression": expression}
        schedule = Schedule.model_validate(given | more)
        self.scheduler.put(schedule)
        return schedule

    def look(self, *, minutes: float = 0) -> None:
        """Let time pass, and let the scheduler look at the clock."""
        self.clock.seconds += round(minutes * 60)
        while self.scheduler.fire_due():
            pass

    def run(self, minutes: int) -> None:
        """Let time pass while the scheduler looks every minute."""
        for _ in range(minutes):
            self.look(minutes=1)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    clock = HandClock(int(START.timestamp()))
    monkeypatch.setattr(product_clock, "time", clock)
    database = Database(tmp_path / "x.db")
    yield World(database, clock)
    database.close()


def test_a_rate_fires_again_and_again_from_when_it_was_put(world: World) -> None:
    world.put("rate(20 minutes)")
    world.run(65)
    assert world.bus.times() == ["26T12:20", "26T12:40", "26T13:00"]


def test_a_cron_expression_fires_when_its_time_zones_clock_says_so(world: World) -> None:
    world.put("cron(30 9 * * *)", timezone="Europe/Berlin")
    world.run(3 * 24 * 60)
    assert world.bus.times() == ["27T08:30", "28T07:30", "29T07:30"]


def test_what_is_once_fires_once(world: World) -> None:
    world.put("at(2027-03-26T14:00:00)", timezone="Europe/Berlin")
    world.run(180)
    assert world.bus.times() == ["26T13:00"]
    assert world.database.rows("SELECT count(*) FROM schedules") == [(0,)]


def test_a_moment_that_has_passed_fires_at_once(world: World) -> None:
    world.put("at(2027-03-01T14:00:00)")
    world.look()
    assert world.bus.times() == ["01T14:00"]


def test_what_is_fired_is_the_schedules_own_event(world: World) -> None:
    schedule = world.put("rate(1 hour)", data={"workflow": "w"})
    world.look(minutes=61)
    due = datetime(2027, 3, 26, 13, tzinfo=UTC)
    assert world.bus.events == [schedule.fired(due)]


def test_nothing_fires_before_its_time(world: World) -> None:
    world.put("rate(1 hour)")
    world.look(minutes=59.98)
    assert world.bus.events == []
    world.look(minutes=0.02)
    assert len(world.bus.events) == 1


def test_a_deleted_schedule_fires_no_more(world: World) -> None:
    world.put("rate(1 hour)")
    world.look(minutes=61)
    world.scheduler.delete(WORKSPACE, "a")
    world.run(120)
    assert len(world.bus.events) == 1


def test_a_schedule_that_is_put_again_goes_on_as_it_was_with_its_new_data(world: World) -> None:
    for number in range(3):
        world.put("rate(60 minutes)", data={"n": number})
        world.look(minutes=25)
    assert world.bus.times() == ["26T13:00"]
    assert world.bus.events[0].data == {"n": 2}


def test_a_schedule_of_other_times_begins_anew(world: World) -> None:
    world.put("rate(60 minutes)")
    world.look(minutes=50)
    world.put("rate(30 minutes)")
    world.run(35)
    assert world.bus.times() == ["26T13:20"]


@pytest.mark.parametrize("expression", ["rate(20 minutes)", "cron(*/20 * * * *)"])
def test_what_was_missed_while_nothing_ran_fires_once_and_then_in_time(
    world: World, expression: str
) -> None:
    world.put(expression)
    world.clock.seconds += 3 * 3600 + 300
    world.restart()
    world.look()
    assert world.bus.times() == ["26T12:20"]
    world.run(30)
    assert world.bus.times() == ["26T12:20", "26T15:20"]


def test_a_moment_that_was_missed_while_nothing_ran_fires(world: World) -> None:
    world.put("at(2027-03-26T13:00:00)")
    world.clock.seconds += 30 * 24 * 3600
    world.restart()
    world.look()
    assert world.bus.times() == ["26T13:00"]


@pytest.mark.parametrize("expression", ["rate(1 hour)", "at(2027-03-26T13:00:00)"])
def test_a_crash_right_after_the_event_fires_it_again_under_the_same_id(
    world: World, expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put(expression)

    def crash(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(world.scheduler, "_write", crash)
        world.scheduler._looked = 0  # it has looked before
        with pytest.raises(KeyboardInterrupt):
            world.look(minutes=61)
    world.restart()
    world.look()
    world.look(minutes=1)
    first, again = world.bus.events
    assert first == again


def test_an_event_that_is_not_taken_is_offered_again_with_growing_pauses(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.put("rate(1 hour)", data={"key": "canary"})
    world.bus.error = StoreUnavailable()
    world.look(minutes=60)
    for pause in (1, 2, 4, 8):
        world.look(minutes=(pause - 1) / 60)
        failures = world.database.rows("SELECT failures FROM schedules")
        world.look(minutes=1 / 60)
        assert world.database.rows("SELECT failures FROM schedules") == [(failures[0][0] + 1,)]
    world.bus.error = None
    world.look(minutes=5)
    world.look(minutes=54)
    assert world.bus.times() == ["26T13:00"]
    world.look(minutes=1)
    assert world.bus.times() == ["26T13:00", "26T14:00"]
    assert "not handed over" in caplog.text
    assert "canary" not in caplog.text


def test_pauses_grow_to_five_minutes_and_no_further(world: World) -> None:
    world.put("rate(1 hour)")
    world.bus.error = StoreUnavailable()
    world.run(60 + 3 * 60)
    (failures,) = world.database.rows("SELECT failures FROM schedules")[0]
    assert 3 * 12 <= failures < 3 * 12 + 10


def test_a_handler_that_fails_keeps_no_other_schedule_from_firing(world: World) -> None:
    seen: list[str] = []

    def handler(event: Mapping[str, Any], _: object) -> None:
        if event["detail"]["subject"] == "bad":
            raise ZeroDivisionError
        seen.append(event["detail"]["subject"])

    world.scheduler = SqliteScheduler(
        world.database, LocalEventBus({EventType.SCHEDULE_FIRED: (handler,)})
    )
    for name in ("bad", "good"):
        world.put("rate(1 hour)", name)
    world.run(125)
    assert seen == ["good", "good"]


def test_a_stored_schedule_that_is_not_understood_keeps_no_other_from_firing(world: World) -> None:
    for name in ("bad", "good"):
        world.put("rate(1 hour)", name)
    world.database.write(
        lambda rows: rows.execute("UPDATE schedules SET body = '{}' WHERE id = 'bad'")
    )
    world.restart()
    world.run(65)
    assert [event.subject for event in world.bus.events] == ["good"]


@pytest.mark.parametrize("expression", ["rate(20 minutes)", "cron(*/20 * * * *)"])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_clock_that_was_ahead_and_is_set_right_holds_nothing_up(
    world: World, expression: str, restarted: bool
) -> None:
    world.put(expression)
    world.look(minutes=1)
    world.look(minutes=24 * 60)  # the clock jumps a day ahead
    assert world.bus.times() == ["26T12:20"]
    world.look(minutes=-24 * 60)
    if restarted:
        world.restart()
    world.run(45)
    assert world.bus.times() == ["26T12:20", "26T12:20", "26T12:40"]
    assert world.bus.events[0] == world.bus.events[1]


def test_a_clock_that_is_put_right_by_a_second_fires_nothing_twice(world: World) -> None:
    world.put("rate(20 minutes)")
    world.look(minutes=20)
    world.look(minutes=-1 / 60)
    world.look(minutes=1 / 60)
    assert world.bus.times() == ["26T12:20"]


def test_a_schedule_that_is_replaced_while_it_fires_keeps_its_new_times(world: World) -> None:
    class Replacing(Bus):
        def publish(self, events: Sequence[Event]) -> None:
            super().publish(events)
            if len(self.events) == 1:
                world.put("rate(10 minutes)")

    world.bus = Replacing()
    world.restart()
    world.put("rate(60 minutes)")
    world.run(85)
    assert world.bus.times() == ["26T13:00", "26T13:10", "26T13:20"]


def test_many_that_are_due_all_fire(world: World) -> None:
    for number in range(250):
        world.put("rate(1 hour)", f"s{number}")
    world.look(minutes=61)
    assert len({event.subject for event in world.bus.events}) == 250


def test_the_thread_fires_and_ends(tmp_path: Path) -> None:
    fired = threading.Event()
    database = Database(tmp_path / "x.db")
    bus = LocalEventBus({EventType.SCHEDULE_FIRED: (lambda _event, _context: fired.set(),)})
    scheduler = SqliteScheduler(database, bus)
    scheduler.put(Schedule(workspace=WORKSPACE, id="a", expression="at(2001-01-01T00:00:00)"))
    scheduler.start()
    assert fired.wait(30)
    scheduler.close()
    database.close()
