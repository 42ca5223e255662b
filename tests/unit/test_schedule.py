"""What a schedule may say, and what it fires."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from promptpilot.domain.event import Event, EventType
from promptpilot.domain.schedule import Schedule

WORKSPACE = "ws_01K00000000000000000000000"
OTHER = "ws_01K00000000000000000000001"


def schedule(expression: str = "rate(5 minutes)", **more: Any) -> Schedule:
    return Schedule.model_validate(
        {"workspace": WORKSPACE, "id": "nightly", "expression": expression} | more
    )


def fault(expression: str, **more: Any) -> str:
    with pytest.raises(ValidationError) as raised:
        schedule(expression, **more)
    (error,) = raised.value.errors()
    return str(error["msg"])


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("cron(0 9 * * 1-5)", "cron(0 9 * * 1-5)"),
        (" cron(  0 9\t* jan,Feb  mon-FRI ) ", "cron(0 9 * JAN,FEB MON-FRI)"),
        ("cron(*/15 0-23/2 1,15,31 * *)", "cron(*/15 0-23/2 1,15,31 * *)"),
        ("cron(0 0 29 2 *)", "cron(0 0 29 2 *)"),
        ("cron(0 0 * * 5-7)", "cron(0 0 * * 5-7)"),
        ("cron(00 09 * * *)", "cron(00 09 * * *)"),
        ("rate(1 minute)", "rate(1 minute)"),
        ("rate( 36  hours )", "rate(36 hours)"),
        ("rate(366 days)", "rate(366 days)"),
        ("at(2027-01-31T09:00:00)", "at(2027-01-31T09:00:00)"),
    ],
)
def test_an_expression_is_kept_in_its_one_way_to_be_written(given: str, normal: str) -> None:
    assert schedule(given).expression == normal
    assert schedule(normal).expression == normal


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "is cron"),
        ("0 9 * * *", "is cron"),
        ("cron()", "is cron"),
        ("cron(0 9 * * *) ", None),
        ("CRON(0 9 * * *)", "is cron"),
        ("cron(0 9 * *)", "five fields"),
        ("cron(0 9 * * ? *)", "five fields"),
        ("cron(0 9 1 * MON)", "cannot both be chosen"),
        ("cron(0 9 1-31 * 1)", "cannot both be chosen"),
        ("cron(0 9 */2 * */2)", "cannot both be chosen"),
        ("cron(60 9 * * *)", "minute: '60' is not from 0 to 59"),
        ("cron(0 24 * * *)", "hour: '24' is not from 0 to 23"),
        ("cron(0 0 0 * *)", "day of the month: '0' is not from 1 to 31"),
        ("cron(0 0 * 13 *)", "month: '13' is not from 1 to 12"),
        ("cron(0 0 * * 8)", "day of the week: '8' is not from 0 to 6"),
        ("cron(0 0 * MON *)", "month: 'MON'"),
        ("cron(JAN 0 * * *)", "minute: 'JAN'"),
        ("cron(5/10 * * * *)", "a step, as in '5/10', follows"),
        ("cron(*/0 * * * *)", "a step"),
        ("cron(30-10 * * * *)", "ends before it begins"),
        ("cron(0 0 * * FRI-SUN)", "ends before it begins"),
        ("cron(1,,2 * * * *)", "is none of"),
        ("cron(-1 * * * *)", "is none of"),
        ("cron(0 0 L * *)", "is none of"),
        ("cron(0 0 * * 5#2)", "is none of"),
        ("cron(٣ * * * *)", "is none of"),
        ("cron(0 0 31 2,4 *)", "none of the chosen months"),
        ("cron(0 0 30 2 *)", "none of the chosen months"),
        (f"cron({'0,' * 200}0 0 * * *)", "is cron"),
        ("rate(0 minutes)", "a rate is"),
        ("rate(1 minutes)", "a rate is"),
        ("rate(5 minute)", "a rate is"),
        ("rate(5 seconds)", "a rate is"),
        ("rate(1.5 hours)", "a rate is"),
        ("rate(367 days)", "at most 366 days"),
        ("at(2027-01-31)", "a moment is"),
        ("at(2027-01-31T09:00:00Z)", "a moment is"),
        ("at(2027-02-29T09:00:00)", "a moment is"),
        ("at(1027-01-31T09:00:00)", "a moment is"),
        ("at(2027-01-31T24:00:00)", "a moment is"),
    ],
)
def test_what_no_platform_or_not_every_one_can_do_is_refused_with_the_reason(
    expression: str, reason: str | None
) -> None:
    if reason is None:
        assert schedule(expression)
    else:
        assert reason in fault(expression)


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT-5"]
)
def test_a_time_zone_is_one_of_ianas(zone: str) -> None:
    assert str(schedule(timezone=zone).zone) == zone


@pytest.mark.parametrize(
    "zone",
    [
        *("", "Berlin", "Europe/Atlantis", "europe/berlin", "CET", "+01:00", "../UTC", "Europe"),
        *("Europe/", "localtime", "/etc/localtime", "posix/Europe/Berlin", "Europe/../Asia/Tokyo"),
    ],
)
def test_anything_else_is_no_time_zone(zone: str) -> None:
    assert "IANA" in fault("rate(5 minutes)", timezone=zone)


@pytest.mark.parametrize(
    ("data", "reason"),
    [({"a": "x" * 16_400}, "larger"), ({"a": float("nan")}, "finite"), ({"a": object()}, "JSON")],
)
def test_its_data_is_small_json(data: Any, reason: str) -> None:
    assert reason in fault("rate(5 minutes)", data=data)


@pytest.mark.parametrize("id", ["", "a b", "a/b", "x" * 65, "ä"])
def test_its_id_is_a_short_name(id: str) -> None:
    assert "match" in fault("rate(5 minutes)", id=id)


def test_what_it_fires_is_an_event_of_the_moment_that_was_planned() -> None:
    planned = datetime(2027, 1, 31, 9, 0, 0, 999_000, tzinfo=UTC)
    event = schedule(data={"workflow": "w"}).fired(planned)
    assert event.id.endswith("_2027-01-31T09:00:00Z")
    assert event == Event(
        id=event.id,
        type=EventType.SCHEDULE_FIRED,
        workspace=WORKSPACE,
        actor="system",
        subject="nightly",
        at=datetime(2027, 1, 31, 9, tzinfo=UTC),
        data={"workflow": "w"},
    )


def test_two_firings_share_an_id_only_if_they_are_the_same() -> None:
    first, later = (datetime(2027, 1, 31, 9, minute, tzinfo=UTC) for minute in (0, 5))
    firings = [
        (schedule(), first),
        (schedule(), later),
        (schedule(id="other"), first),
        (schedule(workspace=OTHER), first),
    ]
    assert len({each.fired(due).id for each, due in firings}) == len(firings)
    assert schedule().fired(first).id == schedule(data={"new": 1}).fired(first).id


def test_a_moment_is_meant_in_its_time_zone() -> None:
    def moment(local: str, zone: str) -> str:
        at = schedule(f"at({local})", timezone=zone)
        return at.timing.moment(at.zone).isoformat()  # type: ignore[union-attr]

    assert moment("2027-01-31T09:00:00", "Europe/Berlin") == "2027-01-31T08:00:00+00:00"
    assert moment("2027-07-31T09:00:00", "Europe/Berlin") == "2027-07-31T07:00:00+00:00"
    assert moment("2027-03-28T02:30:00", "Europe/Berlin") == "2027-03-28T01:30:00+00:00"  # jumped
    assert moment("2027-10-31T02:30:00", "Europe/Berlin") == "2027-10-31T00:30:00+00:00"  # twice
