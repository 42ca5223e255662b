"""When a schedule fires next."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from promptpilot.domain.cron import Cron
from promptpilot.domain.schedule import Schedule
from promptpilot.domain.timing import At, Rate
from promptpilot.errors import Invalid


def first_firing(schedule: Schedule, since: datetime) -> datetime:
    """When a schedule that stands since then fires first, in UTC. Raises `Invalid` where it never
    does.
    """
    if isinstance(schedule.timing, At):
        return schedule.timing.moment(schedule.zone)
    first = next_firing(schedule, since, since)
    if first is None:
        raise Invalid("The schedule never fires.")
    return first


def next_firing(schedule: Schedule, since: datetime, after: datetime) -> datetime | None:
    """The first firing after `after`, in UTC, of a schedule that stands since `since`; None where
    there is none. What is once has no next.
    """
    timing = schedule.timing
    if isinstance(timing, At):
        return None
    if isinstance(timing, Rate):
        return since + ((after - since) // timing.every + 1) * timing.every
    return next((each for each in _cron(timing, schedule.zone, after) if each > after), None)


def _cron(cron: Cron, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """The times of an expression from about `after` on, in UTC.

    They are looked for on the clock on the wall: one that the clock jumps over is none, and of two
    that it shows alike the first counts.
    """
    for local in CronSim(_as_lists(cron), after.astimezone(zone).replace(tzinfo=None)):
        moment = local.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == local:
            yield moment


def _as_lists(cron: Cron) -> str:
    """Every value written out: `cronsim` has ideas of its own about some steps."""
    fields = (cron.minutes, cron.hours, cron.days, cron.months, cron.weekdays)
    return " ".join(
        "*" if values is None else ",".join(map(str, sorted(values))) for values in fields
    )
