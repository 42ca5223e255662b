"""The `Scheduler` of the AWS platform: EventBridge Scheduler, which puts events on our bus."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from promptpilot.adapters.aws.refusals import Refused, asking
from promptpilot.adapters.aws.schedule_expression import expression_and_zone
from promptpilot.bus_event import SOURCE
from promptpilot.clock import now
from promptpilot.domain.event import EventType
from promptpilot.domain.schedule import Schedule
from promptpilot.domain.timing import At
from promptpilot.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""EventBridge Scheduler puts the moment there, such as 2027-01-31T09:00:00Z. (Its execution id
would not do for an event's: every attempt has another.)
"""

RETRIES = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
"""An event a day late is better than none."""

MAX_PLAIN_ID = 34
"""Of a schedule's id in its name here, which has at most 64 characters."""

_ABSENT = "ResourceNotFoundException"
_CONFLICT = "ConflictException"
"""It is there already, or is being changed."""
_INVALID = "ValidationException"


class EventBridgeScheduler:
    """A `Scheduler` of one schedule group.

    `role` is the ARN that puts the events on the bus; `dead_letters` the ARN of a queue for events
    that could not be put there in a day.
    """

    def __init__(
        self,
        client: "EventBridgeSchedulerClient",
        *,
        group: str,
        bus_arn: str,
        role: str,
        dead_letters: str | None = None,
        pauses: Sequence[float] = (0.05, 0.2, 0.5),
    ) -> None:
        self._client = client
        self._group = group
        self._bus = bus_arn
        self._role = role
        self._dead_letters = dead_letters
        self._pauses = pauses

    def put(self, schedule: Schedule) -> None:
        """See `Scheduler.put`. Of two at once the later one stands, whole."""
        wanted = self._definition(schedule)
        for pause in (0, *self._pauses):
            time.sleep(pause)
            if not self._refused(self._client.create_schedule, [_CONFLICT], wanted):
                return
            if not self._refused(self._client.update_schedule, [_ABSENT, _CONFLICT], wanted):
                return
        raise Unavailable(reason="The schedule is being changed by others.")

    def delete(self, workspace: str, id: str) -> None:
        """See `Scheduler.delete`."""
        named = {"GroupName": self._group, "Name": schedule_name(workspace, id)}
        for pause in (0, *self._pauses):
            time.sleep(pause)
            code = self._refused(self._client.delete_schedule, [_ABSENT, _CONFLICT], named)
            if code != _CONFLICT:
                return
        raise Unavailable(reason="The schedule is being changed by others.")

    def _definition(self, schedule: Schedule) -> dict[str, Any]:
        expression, timezone = expression_and_zone(schedule, now())
        once = isinstance(schedule.timing, At)
        dead_letters = {"DeadLetterConfig": {"Arn": self._dead_letters}}
        return {
            "GroupName": self._group,
            "Name": schedule_name(schedule.workspace, schedule.id),
            "ScheduleExpression": expression,
            "ScheduleExpressionTimezone": timezone,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": "ENABLED",
            "ActionAfterCompletion": "DELETE" if once else "NONE",
            "Target": {
                "Arn": self._bus,
                "RoleArn": self._role,
                "EventBridgeParameters": {
                    "Source": SOURCE,
                    "DetailType": EventType.SCHEDULE_FIRED.value,
                },
                "Input": _event(schedule),
                "RetryPolicy": RETRIES,
                **(dead_letters if self._dead_letters else {}),
            },
        }

    def _refused(
        self, call: Callable[..., object], expected: Sequence[str], parameters: Mapping[str, Any]
    ) -> str | None:
        """Make a call; the code with which it was refused, if that is an expected one."""
        try:
            asking(call, (*expected, _INVALID), **parameters)
        except Refused as refused:
            if refused.code == _INVALID:
                reason = "EventBridge Scheduler does not take the schedule."
                raise Invalid(reason=reason) from refused
            return refused.code
        return None


def schedule_name(workspace: str, id: str) -> str:
    """What a schedule is called in its group: two never share a name."""
    if len(id) <= MAX_PLAIN_ID and not id.startswith("."):
        return f"{workspace}.{id}"
    return f"{workspace}..{hashlib.sha256(id.encode()).hexdigest()[:32]}"


def _event(schedule: Schedule) -> str:
    """The event that it fires, as JSON text with places for the time.

    No `<` of the schedule's own data is left in the text, so nothing in it is taken for a place.
    """
    timing = schedule.timing
    due = timing.moment(schedule.zone) if isinstance(timing, At) else now()
    event = schedule.fired(due).model_dump(mode="json")
    if not isinstance(timing, At):
        event |= {"id": schedule.event_id(SCHEDULED_TIME), "at": SCHEDULED_TIME}
    data = json.dumps(event.pop("data")).replace("<", r"\u003c")
    return f'{json.dumps(event)[:-1]}, "data": {data}}}'
