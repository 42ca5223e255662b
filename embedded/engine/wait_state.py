"""Wait: go on after some time, or at some time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from embedded.engine.alarms import sleep_until_clock_shows
from embedded.engine.evaluation import Field
from embedded.engine.exits import Exit
from embedded.engine.fields import MAX_SECONDS, Fields
from embedded.engine.frame import Frame
from embedded.engine.transition import Transition
from promptpilot.clock import epoch_ms


@dataclass(frozen=True, slots=True)
class Wait:
    """Either `seconds` or `timestamp`. The deadline is journaled: a restart does not prolong it."""

    seconds: Field | None
    timestamp: Field | None
    exit: Exit

    @classmethod
    def read(cls, fields: Fields) -> "Wait":
        """The state of that definition."""
        fields.allow(
            "Type",
            "Comment",
            "QueryLanguage",
            "Seconds",
            "Timestamp",
            "Assign",
            "Output",
            "Next",
            "End",
        )
        if ("Seconds" in fields) == ("Timestamp" in fields):
            fields.problem("", "wrong_value", "A Wait has either Seconds or Timestamp.")
        seconds = fields.field(
            "Seconds", _is_duration, f"must be a whole number from 0 to {MAX_SECONDS}"
        )
        timestamp = fields.field(
            "Timestamp", _is_timestamp, "must be a time such as 2026-11-24T09:30:00Z"
        )
        return cls(seconds, timestamp, Exit.read(fields))

    async def run(self, frame: Frame) -> Transition:
        """Wait and leave."""
        if frame.wake_ms is None:
            frame.set_alarm(await self._deadline_ms(frame))
        if not frame.alarm_is_over():
            await frame.save()
            if self.timestamp is None or frame.wake_ms is None:
                await frame.sleep()
            else:
                await sleep_until_clock_shows(frame.wake_ms)
        frame.moment_ms = epoch_ms()
        return await self.exit.leave(frame, frame.scope(), frame.input)

    async def _deadline_ms(self, frame: Frame) -> int:
        if self.timestamp is not None:
            text = await frame.evaluate(self.timestamp, frame.scope())
            return int(datetime.fromisoformat(text).timestamp() * 1000)
        assert self.seconds is not None
        seconds: int = await frame.evaluate(self.seconds, frame.scope())
        return epoch_ms() + seconds * 1000


def _is_duration(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SECONDS


def _is_timestamp(value: Any) -> bool:
    if not isinstance(value, str) or "T" not in value:
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
