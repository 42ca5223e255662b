"""The `Scheduler` of the embedded platform: a table, and a thread that fires what is due."""

import logging
import sqlite3
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from pydantic import ValidationError

from embedded.database import Database, Parameter
from embedded.firing_times import first_firing, next_firing
from embedded.housekeeping import Periodic
from embedded.schedule_statements import (
    DELETE,
    DUE,
    END,
    LATER,
    MOVE,
    PUT,
    PUT_OFF,
    PUT_WITH_SAME_TIMES,
    SCHEMA,
    TRY_AGAIN,
)
from promptpilot.clock import epoch_ms, from_epoch_ms
from promptpilot.domain.schedule import Schedule
from promptpilot.ports.event_bus import EventBus

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
AT_ONCE = 100
FIRST_PAUSE_MS = 1_000
LONGEST_PAUSE_MS = 300_000
"""Between attempts to hand an event over."""
BACK_MS = 60_000
"""How far the clock must be set back before what was planned is planned anew."""


class _Entry(NamedTuple):
    """A stored schedule; times in milliseconds since 1970."""

    body: str
    workspace: str
    id: str
    expression: str
    timezone: str
    since: int
    due: int
    failures: int

    @property
    def schedule(self) -> Schedule:
        return Schedule.model_validate_json(self.body)

    @property
    def this(self) -> tuple[Parameter, ...]:
        """What `MOVE`, `PUT_OFF` and `END` know it by."""
        return self.workspace, self.id, self.expression, self.timezone, self.due

    def next(self, after: int) -> int | None:
        """When it fires next after `after`."""
        found = next_firing(self.schedule, from_epoch_ms(self.since), from_epoch_ms(after))
        return None if found is None else _ms(found)


class SqliteScheduler:
    """A `Scheduler` of one process, its schedules in the platform's database.

    The next firing is written down before it is due and moved on after the event was handed over,
    so a crash fires again, with the same event id, rather than never. What was missed while nothing
    ran fires once. Nobody but `fire_due` needs the thread: it looks at the clock on the wall.
    """

    def __init__(self, database: Database, bus: EventBus) -> None:
        database.execute_script(SCHEMA)
        self._database = database
        self._bus = bus
        self._looked: int | None = None
        self._periodic = Periodic("scheduler", LOOK_SECONDS, self.fire_due)

    def start(self) -> None:
        """Begin to fire."""
        self._periodic.start()

    def close(self) -> None:
        """Finish the present firing and end the thread."""
        self._periodic.close()

    def put(self, schedule: Schedule) -> None:
        """See `Scheduler.put`. The same times again go on as they were."""
        since = epoch_ms()
        first = _ms(first_firing(schedule, from_epoch_ms(since)))
        key = (schedule.workspace, schedule.id)
        times = (schedule.expression, schedule.timezone)
        body = schedule.model_dump_json()

        def change(connection: sqlite3.Connection) -> None:
            if connection.execute(PUT_WITH_SAME_TIMES, (body, *key, *times)).rowcount == 0:
                connection.execute(PUT, (*key, *times, body, since, first, first))

        self._database.write(change)

    def delete(self, workspace: str, id: str) -> None:
        """See `Scheduler.delete`."""
        self._write(DELETE, (workspace, id))

    def fire_due(self) -> bool:
        """Fire what is due; True where there may be more. Raises `StoreUnavailable`."""
        now = epoch_ms()
        if self._looked is None or now < self._looked - BACK_MS:
            self._follow_the_clock_back(now)
        self._looked = now
        due = [_Entry(*row) for row in self._database.rows(DUE, (now, AT_ONCE))]
        for entry in due:
            self._fire(entry, now)
        return len(due) == AT_ONCE

    def _fire(self, entry: _Entry, now: int) -> None:
        try:
            self._bus.publish([entry.schedule.fired(from_epoch_ms(entry.due))])
            following = entry.next(max(now, entry.due))
        except Exception:  # a handler's mistake must not stop the clock for the others
            pause = min(FIRST_PAUSE_MS << min(entry.failures, 16), LONGEST_PAUSE_MS)
            extra = {"workspace": entry.workspace, "schedule": entry.id, "again_in_ms": pause}
            logger.exception("a schedule's event was not handed over", extra=extra)
            self._write(PUT_OFF, (now + pause, *entry.this), durable=False)
            return
        # A loss of power may undo this, and then it fires again: no flush for every firing.
        if following is None:
            self._write(END, entry.this, durable=False)
        else:
            self._write(MOVE, (following, following, *entry.this), durable=False)

    def _follow_the_clock_back(self, now: int) -> None:
        """Bring forward what was planned while the clock was ahead, if it was."""
        self._write(TRY_AGAIN, ())
        for row in self._database.rows(LATER, (now,)):
            entry = _Entry(*row)
            with suppress(ValidationError):  # told when it is due
                sooner = entry.next(now)
                if sooner is not None and sooner < entry.due:
                    self._write(MOVE, (sooner, sooner, *entry.this))

    def _write(
        self, statement: str, parameters: tuple[Parameter, ...], *, durable: bool = True
    ) -> None:
        def change(connection: sqlite3.Connection) -> None:
            connection.execute(statement, parameters)

        self._database.write(change, durable=durable)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
