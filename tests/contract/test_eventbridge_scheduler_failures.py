"""What EventBridge Scheduler answers on a bad day (canned, as moto has none)."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from promptpilot.adapters.aws.scheduler import EventBridgeScheduler
from promptpilot.domain.schedule import Schedule
from promptpilot.errors import Invalid, Unavailable
from tests.contract.aws_clients import client, cut_off_client
from tests.contract.schedulers import BUS, ROLE

WORKSPACE = "ws_01K00000000000000000000000"


def schedule() -> Schedule:
    return Schedule(workspace=WORKSPACE, id="nightly", expression="rate(1 hour)")


@pytest.fixture
def eventbridge() -> Any:
    return client("scheduler")


@pytest.fixture
def answers(eventbridge: Any) -> Iterator[Stubber]:
    with Stubber(eventbridge) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def scheduler(eventbridge: Any) -> EventBridgeScheduler:
    return EventBridgeScheduler(
        eventbridge, group="schedules", bus_arn=BUS, role=ROLE, pauses=(0, 0)
    )


GONE, CONFLICT = "ResourceNotFoundException", "ConflictException"
CREATED = {"ScheduleArn": "arn:aws:scheduler:eu-central-1:123456789012:schedule/schedules/a"}


def answer(answers: Stubber, method: str, refusal: str | None) -> None:
    if refusal is None:
        answers.add_response(method, CREATED if method != "delete_schedule" else {})
    else:
        answers.add_client_error(method, refusal)


@pytest.mark.parametrize(
    "refusals",
    [
        [None],
        [CONFLICT, None],
        [CONFLICT, GONE, None],
        [CONFLICT, CONFLICT, CONFLICT, None],
        [CONFLICT, GONE, CONFLICT, GONE, CONFLICT, None],
    ],
)
def test_a_put_gets_through_however_others_change_the_schedule(
    scheduler: EventBridgeScheduler, answers: Stubber, refusals: list[str | None]
) -> None:
    for place, refusal in enumerate(refusals):
        answer(answers, ("create_schedule", "update_schedule")[place % 2], refusal)
    scheduler.put(schedule())


def test_a_put_that_always_meets_others_is_given_up(
    scheduler: EventBridgeScheduler, answers: Stubber
) -> None:
    for _ in range(3):
        answer(answers, "create_schedule", CONFLICT)
        answer(answers, "update_schedule", CONFLICT)
    with pytest.raises(Unavailable, match="changed by others"):
        scheduler.put(schedule())


def test_a_schedule_that_is_there_is_replaced_by_all_that_would_have_been_created(
    scheduler: EventBridgeScheduler, answers: Stubber, eventbridge: Any
) -> None:
    asked: list[dict[str, Any]] = []
    eventbridge.meta.events.register(
        "provide-client-params.scheduler", lambda params, **_: asked.append(params)
    )
    answer(answers, "create_schedule", CONFLICT)
    answer(answers, "update_schedule", None)
    scheduler.put(schedule())
    created, updated = asked
    assert created.pop("ClientToken") != updated.pop("ClientToken")  # the SDK's own
    assert updated == created
    assert updated["ActionAfterCompletion"] == "NONE"


@pytest.mark.parametrize(
    ("refusals", "error"),
    [([None], None), ([GONE], None), ([CONFLICT, None], None), ([CONFLICT] * 3, Unavailable)],
)
def test_a_delete_gets_through_however_others_change_the_schedule(
    scheduler: EventBridgeScheduler,
    answers: Stubber,
    refusals: list[str | None],
    error: type[Exception] | None,
) -> None:
    for refusal in refusals:
        answer(answers, "delete_schedule", refusal)
    if error is None:
        scheduler.delete(WORKSPACE, "a")
    else:
        with pytest.raises(error):
            scheduler.delete(WORKSPACE, "a")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ThrottlingException", Unavailable),
        ("InternalServerException", Unavailable),
        ("ServiceQuotaExceededException", Unavailable),
        ("AccessDeniedException", Unavailable),
        (GONE, Unavailable),  # the group
        ("ValidationException", Invalid),
    ],
)
def test_what_aws_refuses_is_told_in_our_words(
    scheduler: EventBridgeScheduler, answers: Stubber, code: str, error: type[Exception]
) -> None:
    answers.add_client_error("create_schedule", code, "arn:aws:iam::123456789012:role/secret")
    with pytest.raises(error) as raised:
        scheduler.put(schedule())
    assert "123456789012" not in str(raised.value)


@pytest.mark.parametrize("error", [EndpointConnectionError, ReadTimeoutError])
def test_a_network_that_fails_makes_the_schedules_out_of_reach(error: type[Exception]) -> None:
    cut_off = EventBridgeScheduler(
        cut_off_client("scheduler", error), group="schedules", bus_arn=BUS, role=ROLE
    )
    for call in (lambda: cut_off.put(schedule()), lambda: cut_off.delete(WORKSPACE, "a")):
        with pytest.raises(Unavailable):
            call()
