"""What a schedule's expression says: `cron(0 9 * * MON)`, `rate(5 minutes)` or
`at(2027-01-31T09:00:00)`.

The same on every platform, and read in the schedule's time zone. A cron time that the clock jumps
over is left out, one that it goes through twice counts once, as on EventBridge Scheduler. A day of
a rate is 24 hours, whatever the clock does.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from promptpilot.domain.cron import Cron
from promptpilot.domain.schedule_fault import ScheduleFault

MAX_RATE = timedelta(days=366)

_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_FORM = re.compile(r"(cron|rate|at)\(([^()]{1,256})\)", re.ASCII)
_RATE = re.compile(r"([1-9]\d{0,6}) (minute|hour|day)(s?)", re.ASCII)
_MOMENT = re.compile(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rate:
    """Again and again after so long."""

    text: str
    every: timedelta

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """The meaning of `5 minutes`. Raises `ScheduleFault`."""
        found = _RATE.fullmatch(text)
        if found is None or (found[1] == "1") == bool(found[3]):
            raise ScheduleFault("a rate is a whole number and a unit: 1 minute, 5 minutes, 2 hours")
        every = int(found[1]) * _UNITS[found[2]]
        if every > MAX_RATE:
            raise ScheduleFault(f"a rate is at most {MAX_RATE.days} days")
        return cls(text, every)


@dataclass(frozen=True, slots=True)
class At:
    """Once."""

    text: str
    local: datetime

    @classmethod
    def parse(cls, text: str) -> "At":
        """The meaning of `2027-01-31T09:00:00`. Raises `ScheduleFault`."""
        fault = ScheduleFault(
            "a moment is a date and a time of day, without an offset: 2027-01-31T09:00:00"
        )
        if not _MOMENT.fullmatch(text):
            raise fault
        try:
            return cls(text, datetime.fromisoformat(text))
        except ValueError as error:
            raise fault from error

    def moment(self, zone: ZoneInfo) -> datetime:
        """When that is, in UTC: the first of two such moments; for a time that the clock jumps over
        as long after the jump as it says.
        """
        return self.local.replace(tzinfo=zone).astimezone(UTC)


Timing = Cron | Rate | At


def timing_of(expression: str) -> Timing:
    """The meaning of an expression. Raises `ScheduleFault`, saying what is wrong with it."""
    found = _FORM.fullmatch(" ".join(expression.split()))
    if found is None:
        raise ScheduleFault("an expression is cron(...), rate(...) or at(...)")
    return _PARSERS[found[1]](found[2].strip())


def written(timing: Timing) -> str:
    """The one way to write what an expression says."""
    if isinstance(timing, Cron):
        return f"cron({timing.fields})"
    return f"rate({timing.text})" if isinstance(timing, Rate) else f"at({timing.text})"


_PARSERS: dict[str, Callable[[str], Timing]] = {
    "cron": Cron.parse,
    "rate": Rate.parse,
    "at": At.parse,
}
