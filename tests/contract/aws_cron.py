"""When an AWS cron expression fires: an evaluator after EventBridge Scheduler's documentation.

It shares nothing with what is tested.

Six fields, weekdays from 1 (Sunday) to 7, `?` for one kind of day. The clock is the zone's: a time
that it jumps over is skipped, one that it shows twice counts once.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))


def firings(expression: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """The moments after `after`, in UTC, for twelve years."""
    assert expression.startswith("cron(")
    assert expression.endswith(")")
    fields = expression[5:-1].split(" ")
    assert (fields[2] == "?") != (fields[4] == "?")
    minutes, hours, days, months, weekdays, years = (
        _values(field, *bounds) for field, bounds in zip(fields, _BOUNDS, strict=True)
    )
    day = after.astimezone(zone).date() - timedelta(days=1)
    for _ in range(12 * 366):
        day += timedelta(days=1)
        weekday = day.isoweekday() % 7 + 1
        if day.year in years and day.month in months and day.day in days and weekday in weekdays:
            for moment in _of_day(day, hours, minutes, zone):
                if moment > after:
                    yield moment


def _of_day(day: date, hours: list[int], minutes: list[int], zone: ZoneInfo) -> Iterator[datetime]:
    for hour in hours:
        for minute in minutes:
            wall = datetime.combine(day, time(hour, minute))
            shown = [
                moment
                for offset in _offsets(wall, zone)
                if (moment := (wall - offset).replace(tzinfo=UTC))
                .astimezone(zone)
                .replace(tzinfo=None)
                == wall
            ]
            yield from sorted(shown)[:1]


def _offsets(wall: datetime, zone: ZoneInfo) -> set[timedelta]:
    """Every offset from UTC that the zone has around then."""
    around = (wall.replace(tzinfo=UTC) + timedelta(hours=hours) for hours in (-30, 0, 30))
    return {moment.astimezone(zone).utcoffset() or timedelta() for moment in around}


def _values(field: str, low: int, high: int) -> list[int]:
    if field in {"*", "?"}:
        return list(range(low, high + 1))
    values = []
    for part in field.split(","):
        first, _, last = part.partition("-")
        assert low <= int(first) <= int(last or first) <= high
        values += range(int(first), int(last or first) + 1)
    assert values == sorted(set(values))
    return values
