"""What EventBridge Scheduler is asked for."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from promptpilot.adapters.aws.scheduler import schedule_name
from promptpilot.domain.event import Event
from promptpilot.domain.schedule import Schedule
from tests.contract.hand_clock import HandClock
from tests.contract.schedulers import BUS, ROLE, AwsRig
from tests.contract.stores import Aws

WORKSPACE = "ws_01K00000000000000000000000"


def schedule(expression: str = "cron(0 9 * * MON)", **more: Any) -> Schedule:
    given = {"workspace": WORKSPACE, "id": "nightly", "expression": expression}
    return Schedule.model_validate(given | more)


def fired(stored: dict[str, Any], moment: str) -> Event:
    """The event that EventBridge Scheduler makes of a stored schedule's input at a moment."""
    places = {"scheduled-time": moment, "execution-id": "d32c5kddcf5bb8c3", "schedule-arn": "arn"}
    text = re.sub(
        "<aws.scheduler.([a-z-]+)>", lambda place: places[place[1]], stored["Target"]["Input"]
    )
    return Event.model_validate_json(text)


def test_a_schedule_puts_our_event_on_our_bus(aws: Aws) -> None:
    rig = AwsRig()
    wanted = schedule(timezone="Europe/Berlin", data={"workflow": "w"})
    rig.scheduler.put(wanted)
    stored = rig.stored(WORKSPACE, "nightly")
    assert stored["Name"] == f"{WORKSPACE}.nightly"
    assert stored["ScheduleExpression"] == "cron(0 9 ? * 2 *)"
    assert stored["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert stored["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert stored["State"] == "ENABLED"
    assert stored["ActionAfterCompletion"] == "NONE"
    target = stored["Target"]
    assert {"Arn", "RoleArn", "EventBridgeParameters", "RetryPolicy", "Input"} == set(target)
    assert (target["Arn"], target["RoleArn"]) == (BUS, ROLE)
    assert target["EventBridgeParameters"] == {
        "Source": "promptpilot",
        "DetailType": "schedule.fired",
    }
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 86_400,
        "MaximumRetryAttempts": 185,
    }
    event = fired(stored, "2027-02-01T08:00:00Z")
    assert event == wanted.fired(datetime(2027, 2, 1, 8, tzinfo=UTC))


def test_what_is_once_is_deleted_when_it_is_done(aws: Aws, clock: HandClock) -> None:
    rig, wanted = AwsRig(), schedule("at(2100-07-31T09:00:00)", timezone="Europe/Berlin")
    rig.scheduler.put(wanted)
    stored = rig.stored(WORKSPACE, "nightly")
    assert stored["ScheduleExpression"] == "at(2100-07-31T07:00:00)"
    assert stored["ActionAfterCompletion"] == "DELETE"
    planned = datetime(2100, 7, 31, 7, tzinfo=UTC)
    assert fired(stored, "2100-07-31T07:00:07Z") == wanted.fired(planned)


def test_a_moment_that_has_passed_is_soon_and_its_event_tells_the_moment(
    aws: Aws, clock: HandClock
) -> None:
    rig, wanted = AwsRig(), schedule("at(2001-01-01T00:00:00)")
    rig.scheduler.put(wanted)
    stored = rig.stored(WORKSPACE, "nightly")
    assert stored["ScheduleExpression"] == "at(2027-01-15T08:01:00)"  # the clock says 8:00
    assert fired(stored, "any") == wanted.fired(datetime(2001, 1, 1, tzinfo=UTC))


def test_a_replaced_schedule_is_wholly_the_new_one(aws: Aws) -> None:
    rig = AwsRig()
    rig.scheduler.put(schedule("at(2100-07-31T09:00:00)", timezone="Asia/Tokyo", data={"a": 1}))
    rig.scheduler.put(schedule())
    replaced = rig.stored(WORKSPACE, "nightly")
    assert replaced["ScheduleExpressionTimezone"] == "UTC"
    assert fired(replaced, "2027-02-01T08:00:00Z").data == {}


def test_no_place_of_the_schedules_own_data_is_filled(aws: Aws) -> None:
    rig = AwsRig()
    data = {"<aws.scheduler.schedule-arn>": ["<aws.scheduler.execution-id>", "a < b", "ä€😀\\"]}
    rig.scheduler.put(schedule(data=data))
    assert fired(rig.stored(WORKSPACE, "nightly"), "2027-02-01T08:00:00Z").data == data


def test_what_cannot_be_put_on_the_bus_goes_to_a_queue_where_there_is_one(aws: Aws) -> None:
    queue = "arn:aws:sqs:eu-central-1:123456789012:schedules-dead"
    rig = AwsRig(dead_letters=queue)
    rig.scheduler.put(schedule())
    assert rig.stored(WORKSPACE, "nightly")["Target"]["DeadLetterConfig"] == {"Arn": queue}


@pytest.mark.parametrize("id", ["a", "x" * 34, "x" * 35, "x" * 64, "." * 64, ".", "_-."])
def test_a_name_is_one_that_aws_takes(id: str) -> None:
    assert re.fullmatch(r"[0-9a-zA-Z-_.]{1,64}", schedule_name(WORKSPACE, id))


def test_a_name_that_looks_like_that_of_a_long_id_is_not_taken_for_it() -> None:
    long = schedule_name(WORKSPACE, "x" * 64)
    assert schedule_name(WORKSPACE, long.removeprefix(f"{WORKSPACE}.")) != long


@pytest.mark.parametrize("text", ["\u007f", "ä", "<", "😀"])
def test_an_event_with_the_most_data_fits(aws: Aws, text: str) -> None:
    """256 KiB is the limit of an event; some characters take most room in JSON."""
    rig = AwsRig()
    rig.scheduler.put(schedule(data={"a": text * (16_300 // len(text.encode()))}))
    assert len(rig.stored(WORKSPACE, "nightly")["Target"]["Input"]) < 262_144
