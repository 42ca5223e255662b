"""What a schedule says, in EventBridge Scheduler's words.

Its cron has a sixth field for the year, `?` for the kind of day that is not restricted, and
weekdays from 1 (Sunday) to 7. Values are written out as numbers and ranges: what a step means there
is documented for some fields only.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby

from promptpilot.domain.cron import Cron
from promptpilot.domain.schedule import Schedule
from promptpilot.domain.timing import At, written

SOON = timedelta(seconds=60)
"""EventBridge Scheduler refuses a moment that has passed, and is precise to the minute."""


def expression_and_zone(schedule: Schedule, now: datetime) -> tuple[str, str]:
    """`ScheduleExpression` and `ScheduleExpressionTimezone`."""
    timing = schedule.timing
    if isinstance(timing, At):
        # In UTC, so that a time that a clock shows twice or never has the same meaning everywhere.
        moment = max(timing.moment(schedule.zone), now.astimezone(UTC) + SOON)
        return f"at({moment:%Y-%m-%dT%H:%M:%S})", "UTC"
    if isinstance(timing, Cron):
        return _cron(timing), schedule.timezone
    return written(timing), schedule.timezone


def _cron(cron: Cron) -> str:
    weekdays = None if cron.weekdays is None else {day + 1 for day in cron.weekdays}
    fields = (
        _field(cron.minutes, 60),
        _field(cron.hours, 24),
        "?" if weekdays is not None else _field(cron.days, 31),
        _field(cron.months, 12),
        "?" if weekdays is None else _field(weekdays, 7),
        "*",
    )
    return f"cron({' '.join(fields)})"


def _field(values: Iterable[int] | None, count: int) -> str:
    if values is None or len(chosen := sorted(values)) == count:
        return "*"
    # Numbers that follow each other are as far from their places as from each other's.
    runs = groupby(enumerate(chosen), lambda pair: pair[1] - pair[0])
    return ",".join(_run([value for _, value in run]) for _, run in runs)


def _run(values: list[int]) -> str:
    if len(values) < 3:
        return ",".join(map(str, values))
    return f"{values[0]}-{values[-1]}"
