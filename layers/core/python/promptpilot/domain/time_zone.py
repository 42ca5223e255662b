"""IANA time zones, by name."""

import re
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator

from promptpilot.domain.schedule_fault import ScheduleFault

_NAME = re.compile(r"UTC|[A-Z][A-Za-z_]{1,30}(/[A-Za-z0-9_+-]{1,30}){1,2}", re.ASCII)
"""`UTC`, or an area and a place. The old names of one word are not the same everywhere."""


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name. Raises `ScheduleFault` where there is none."""
    fault = ScheduleFault("must be UTC or an IANA time zone such as Europe/Berlin")
    if not _NAME.fullmatch(name):
        raise fault
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise fault from error


def _checked(name: str) -> str:
    zone_of(name)
    return name


TimeZone = Annotated[str, AfterValidator(_checked)]
