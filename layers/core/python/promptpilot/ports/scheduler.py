"""What fires when its time has come."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # only who schedules needs to know time zones
    from promptpilot.domain.schedule import Schedule


class Scheduler(Protocol):
    """Fires `schedule.fired` events on the bus when their time has come, each at least once.

    Every method raises `Unavailable` when the schedules are out of reach.
    """

    def put(self, schedule: "Schedule") -> None:
        """Add the schedule, or replace the one of the same workspace and id."""
        ...

    def delete(self, workspace: str, id: str) -> None:
        """Remove the schedule; nothing there is fine."""
        ...
