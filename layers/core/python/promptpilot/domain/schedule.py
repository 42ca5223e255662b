"""When something is to happen again and again, or once."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, StringConstraints

from promptpilot.domain.base import Model, canonical_json, digest_of
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.ids import WorkspaceId
from promptpilot.domain.json_value import json_fault
from promptpilot.domain.schedule_fault import ScheduleFault
from promptpilot.domain.time_zone import TimeZone, zone_of
from promptpilot.domain.timing import Timing, timing_of, written

MAX_DATA_BYTES = 16_384

ScheduleId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


def _normal(expression: str) -> str:
    return written(timing_of(expression))


def _small_json(data: Mapping[str, Any]) -> Mapping[str, Any]:
    fault = json_fault(data)
    if fault:
        raise ScheduleFault(fault)
    if len(canonical_json(data).encode()) > MAX_DATA_BYTES:
        raise ScheduleFault(f"is larger than {MAX_DATA_BYTES} bytes")
    return data


class Schedule(Model):
    """A schedule of a workspace; `data` is small and goes into every event that it fires.

    A moment of `at(...)` that has passed already fires as soon as it can.
    """

    workspace: WorkspaceId
    id: ScheduleId
    expression: Annotated[str, AfterValidator(_normal)]
    """See `timing`; stored as `written` gives it."""
    timezone: TimeZone = "UTC"
    data: Annotated[Mapping[str, Any], AfterValidator(_small_json)] = {}

    @property
    def timing(self) -> Timing:
        """What the expression says."""
        return timing_of(self.expression)

    @property
    def zone(self) -> ZoneInfo:
        """Where the expression's clock is."""
        return zone_of(self.timezone)

    def fired(self, due: datetime) -> Event:
        """The event of the firing that was due at that moment.

        Its id is made of the schedule and the moment, so that one that is delivered again, also
        after a crash, is known by it.
        """
        moment = due.astimezone(UTC).replace(microsecond=0)
        return Event(
            id=self.event_id(moment.isoformat().replace("+00:00", "Z")),
            type=EventType.SCHEDULE_FIRED,
            workspace=self.workspace,
            actor="system",
            subject=self.id,
            at=moment,
            data=self.data,
        )

    def event_id(self, moment: str) -> str:
        """The id of the event of a firing due at `moment`, written as `2027-01-31T09:00:00Z`."""
        return f"event_{digest_of([self.workspace, self.id])[:26]}_{moment}"
