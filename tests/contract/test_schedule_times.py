"""A schedule means the same on every platform: when it fires here is when it fires on AWS."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from embedded.firing_times import first_firing, next_firing
from promptpilot.adapters.aws.schedule_expression import expression_and_zone
from promptpilot.domain.schedule import Schedule
from promptpilot.errors import Invalid
from tests.contract.aws_cron import firings

NOW = datetime(2027, 1, 1, tzinfo=UTC)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


def schedule(expression: str, zone: str = "UTC") -> Schedule:
    return Schedule(
        workspace="ws_01K00000000000000000000000", id="a", expression=expression, timezone=zone
    )


def of_aws(expression: str, zone: str = "UTC", now: datetime = NOW) -> str:
    return expression_and_zone(schedule(expression, zone), now)[0]


def here(wanted: Schedule, after: datetime, count: int) -> list[datetime]:
    """The next firings, each asked for when the one before has been."""
    times: list[datetime] = []
    while len(times) < count:
        found = next_firing(wanted, NOW, times[-1] if times else after)
        assert found is not None
        times.append(found)
    return times


def a_field(low: int, high: int, names: list[str] | None = None) -> st.SearchStrategy[str]:
    numbers = st.integers(low, high)
    one = numbers.map(str) if names is None else numbers.map(str) | st.sampled_from(names)
    step = st.integers(1, 60).map(lambda value: f"/{value}") | st.just("")
    # A step of a range of one value is an idea of `cronsim`: from there on, without an end.
    pair = st.sets(numbers, min_size=2, max_size=2).map(sorted)
    span = st.builds(lambda ends, by: f"{ends[0]}-{ends[1]}{by}", pair, step)
    return st.just("*") | st.lists(
        one | span | step.map(lambda by: f"*{by}"), min_size=1, max_size=3
    ).map(",".join)


minutes, hours, months = a_field(0, 59), a_field(0, 23), a_field(1, 12, MONTHS)
day_pairs = st.tuples(a_field(1, 31), st.just("*")) | st.tuples(
    st.just("*"), a_field(0, 7, WEEKDAYS)
)
crons = st.builds(
    lambda minute, hour, days, month: f"cron({minute} {hour} {days[0]} {month} {days[1]})",
    minutes, hours, day_pairs, months,
)  # fmt: skip
minutes_since = st.integers(-600_000, 1_500_000)
moments = minutes_since.map(lambda minutes: NOW + timedelta(minutes=minutes, seconds=1))


def accepted(expression: str, zone: str) -> Schedule | None:
    """The schedule, or None where there is no such day; nothing else is wrong with these."""
    try:
        return schedule(expression, zone)
    except ValidationError as refused:
        if "none of the chosen months" not in str(refused):
            raise
        return None


@settings(max_examples=300, deadline=None)
@given(crons, moments)
def test_a_cron_expression_means_the_same_to_cron_and_on_aws(
    expression: str, after: datetime
) -> None:
    """`cronsim` reads the five fields as they were written, not as we understood them."""
    wanted = accepted(expression, "UTC")
    if wanted is not None:
        translated = of_aws(expression)
        assert len(translated) <= 256
        expected = [*islice(CronSim(expression[5:-1], after), 4)]
        assert [*islice(firings(translated, ZoneInfo("UTC"), after), 4)] == expected
        assert here(wanted, after, 4) == expected


@settings(max_examples=150, deadline=None)
@given(crons, moments, st.sampled_from(ZONES))
def test_a_cron_expression_means_the_same_here_and_on_aws_in_every_time_zone(
    expression: str, after: datetime, zone: str
) -> None:
    wanted = accepted(expression, zone)
    if wanted is not None:
        there = islice(firings(of_aws(expression, zone), ZoneInfo(zone), after), 4)
        assert here(wanted, after, 4) == [*there]


@pytest.mark.parametrize(
    ("expression", "translated"),
    [
        ("cron(0 9 * * MON-FRI)", "cron(0 9 ? * 2-6 *)"),
        ("cron(0 9 * * 0)", "cron(0 9 ? * 1 *)"),
        ("cron(0 9 * * 7)", "cron(0 9 ? * 1 *)"),
        ("cron(0 9 * * 5-7)", "cron(0 9 ? * 1,6,7 *)"),
        ("cron(0 9 * * 0-6)", "cron(0 9 ? * * *)"),
        ("cron(0 9 1,15 * *)", "cron(0 9 1,15 * ? *)"),
        ("cron(* * * * *)", "cron(* * * * ? *)"),
        ("cron(*/20 0-4 * JAN,FEB,MAR *)", "cron(0,20,40 0-4 * 1-3 ? *)"),
        ("rate(5 minutes)", "rate(5 minutes)"),
        ("rate(1 day)", "rate(1 day)"),
    ],
)
def test_an_expression_in_the_words_of_aws(expression: str, translated: str) -> None:
    assert of_aws(expression) == translated


def test_the_longest_expression_is_not_too_long_for_aws() -> None:
    def pairs(low: int, high: int) -> str:
        """What takes most room written out: two of every three values."""
        values = range(low, high + 1)
        return ",".join(str(value) for value in values if (value - low) % 3 != 2)

    longest = " ".join((pairs(0, 59), pairs(0, 23), pairs(1, 31), pairs(1, 12), "*"))
    assert 200 < len(of_aws(f"cron({longest})")) <= 256


def test_a_step_of_a_range_of_one_value_is_that_value() -> None:
    """`cronsim` would take it for a range without an end."""
    times = here(schedule("cron(0 9-9/2 * * *)"), NOW, 2)
    assert times == [NOW + timedelta(hours=9), NOW + timedelta(hours=33)]


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        # Berlin's clock goes from 2:00 to 3:00 on 28 March, and from 3:00 to 2:00 on 31 October.
        ("cron(30 2 * * *)", "Europe/Berlin", "03-27T12:00", ["03-29T00:30"]),
        ("cron(30 2 * * *)", "Europe/Berlin", "10-30T12:00", ["10-31T00:30", "11-01T01:30"]),
        ("cron(0 9 * * *)", "Europe/Berlin", "03-27T12:00", ["03-28T07:00", "03-29T07:00"]),
        ("cron(0 * * * *)", "Europe/Berlin", "03-28T00:30", ["03-28T01:00", "03-28T02:00"]),
        ("cron(0 * * * *)", "Europe/Berlin", "10-31T00:30", ["10-31T02:00", "10-31T03:00"]),
        ("cron(0 * * * *)", "Europe/Berlin", "10-31T01:30", ["10-31T02:00"]),
        ("rate(1 day)", "Europe/Berlin", "03-27T12:00", ["03-28T00:00", "03-29T00:00"]),
        ("rate(7 minutes)", "UTC", "01-01T00:07", ["01-01T00:14"]),
        ("rate(7 minutes)", "UTC", "01-01T00:13", ["01-01T00:14"]),
    ],
)
def test_a_schedule_follows_its_clock_on_the_wall(
    expression: str, zone: str, after: str, expected: list[str]
) -> None:
    times = here(
        schedule(expression, zone), datetime.fromisoformat(f"2027-{after}+00:00"), len(expected)
    )
    assert [f"{each:%m-%dT%H:%M}" for each in times] == expected


def test_a_clock_that_shows_an_earlier_time_than_the_beginning_has_a_next_time_too() -> None:
    before = NOW - timedelta(minutes=20)
    assert next_firing(schedule("rate(7 minutes)"), NOW, before) == NOW - timedelta(minutes=14)


def test_a_leap_day_is_waited_for() -> None:
    times = here(schedule("cron(0 0 29 2 *)"), NOW, 2)
    assert [each.year for each in times] == [2028, 2032]


def test_what_is_once_is_meant_in_utc_on_aws_and_has_no_second_time() -> None:
    once = schedule("at(2027-07-31T09:00:00)", "Europe/Berlin")
    assert expression_and_zone(once, NOW) == ("at(2027-07-31T07:00:00)", "UTC")
    assert first_firing(once, NOW) == datetime(2027, 7, 31, 7, tzinfo=UTC)
    assert next_firing(once, NOW, NOW) is None


@pytest.mark.parametrize("late", [timedelta(seconds=-30), timedelta(), timedelta(days=400)])
def test_what_has_passed_is_due_at_once_here_and_in_a_minute_on_aws(late: timedelta) -> None:
    """EventBridge Scheduler refuses a moment that has passed."""
    now = datetime(2027, 7, 31, 7, tzinfo=UTC) + late
    once = schedule("at(2027-07-31T09:00:00)", "Europe/Berlin")
    soon = now + timedelta(seconds=60)
    assert expression_and_zone(once, now) == (f"at({soon:%Y-%m-%dT%H:%M:%S})", "UTC")


def test_a_schedule_that_never_fires_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Never(CronSim):
        def __next__(self) -> Any:
            raise StopIteration

    monkeypatch.setattr("embedded.firing_times.CronSim", Never)
    with pytest.raises(Invalid, match="never fires"):
        first_firing(schedule("cron(0 0 29 2 *)"), NOW)
