"""Cron expressions: minute, hour, day of the month, month and day of the week.

The common core of what schedulers understand: `*`, numbers, names of months and weekdays, ranges,
lists, and steps of a range. Sunday is 0 or 7. Only one of the two kinds of days may be restricted:
cron takes a day that fits either of two, and EventBridge Scheduler has no way to say that.
"""

import re
from dataclasses import dataclass

from promptpilot.domain.schedule_fault import ScheduleFault

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TERM = re.compile(r"(?:(\*)|([A-Z]{3}|\d{1,2})(?:-([A-Z]{3}|\d{1,2}))?)(?:/(\d{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Field:
    """What one of the five fields may hold."""

    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()

    def parse(self, text: str) -> frozenset[int]:
        """The values that a field's text stands for."""
        return frozenset(value for term in text.split(",") for value in self._term(term))

    def _term(self, text: str) -> range:
        found = _TERM.fullmatch(text)
        if found is None:
            raise ScheduleFault(f"{self.name}: {text!r} is none of *, 5, 1-5, 1-5/2 and */2")
        star, first, last, step = found.groups()
        if step is not None and (int(step) == 0 or not (star or last)):
            raise ScheduleFault(f"{self.name}: a step, as in {text!r}, follows * or a range")
        start = self.first if star else self._value(first)
        end = self.last if star else self._value(last or first)
        if end < start:
            raise ScheduleFault(f"{self.name}: the range {text!r} ends before it begins")
        return range(start, end + 1, int(step or 1))

    def _value(self, text: str) -> int:
        if text in self.names:
            return self.first + self.names.index(text)
        if not text.isdigit() or not self.first <= int(text) <= self._largest:
            raise ScheduleFault(f"{self.name}: {text!r} is not from {self.first} to {self.last}")
        return int(text)

    @property
    def _largest(self) -> int:
        return 7 if self.names is _WEEKDAYS else self.last


_MINUTE = _Field("minute", 0, 59)
_HOUR = _Field("hour", 0, 23)
_DAY = _Field("day of the month", 1, 31)
_MONTH = _Field("month", 1, 12, _MONTHS)
_WEEKDAY = _Field("day of the week", 0, 6, _WEEKDAYS)


@dataclass(frozen=True, slots=True)
class Cron:
    """A checked expression. Weekdays count from Sunday as 0; None is a `*`, every day."""

    fields: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """The meaning of five fields. Raises `ScheduleFault`."""
        parts = text.upper().split()
        if len(parts) != 5:
            raise ScheduleFault(
                "a cron expression has five fields: minute, hour, day of the month, month and day"
                " of the week"
            )
        minute, hour, day, month, weekday = parts
        if day != "*" and weekday != "*":
            raise ScheduleFault(
                "a day of the month and one of the week cannot both be chosen: leave one of them *"
            )
        cron = cls(
            fields=" ".join(parts),
            minutes=_MINUTE.parse(minute),
            hours=_HOUR.parse(hour),
            days=None if day == "*" else _DAY.parse(day),
            months=_MONTH.parse(month),
            weekdays=None if weekday == "*" else _from_sunday(_WEEKDAY.parse(weekday)),
        )
        cron._require_a_day()
        return cron

    def _require_a_day(self) -> None:
        longest = max(_LONGEST_MONTHS[month - 1] for month in self.months)
        if self.days is not None and min(self.days) > longest:
            raise ScheduleFault("day of the month: none of the chosen months has such a day")


def _from_sunday(weekdays: frozenset[int]) -> frozenset[int]:
    return frozenset(day % 7 for day in weekdays)
