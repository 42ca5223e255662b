"""What every `Scheduler` promises of what it holds; that it fires is told beside each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from promptpilot.domain.schedule import Schedule
from tests.contract.schedulers import RIGS, Rig
from tests.contract.stores import Aws
from tests.contract.threads import in_threads

ONE, TWO = "ws_01K00000000000000000000000", "ws_01K00000000000000000000001"


@pytest.fixture(params=sorted(RIGS))
def rig(request: pytest.FixtureRequest, aws: Aws, tmp_path: Path) -> Iterator[Rig]:
    with RIGS[request.param](tmp_path) as rig:
        yield rig


def schedule(
    id: str = "a", expression: str = "rate(5 minutes)", workspace: str = ONE, **data: str
) -> Schedule:
    return Schedule(workspace=workspace, id=id, expression=expression, data=data)


@pytest.mark.parametrize(
    "expression", ["rate(1 hour)", "cron(0 9 * * MON-FRI)", "at(2100-01-31T09:00:00)"]
)
def test_a_schedule_of_every_kind_is_taken(rig: Rig, expression: str) -> None:
    rig.scheduler.put(schedule(expression=expression))
    assert rig.planned() == 1


def test_a_schedule_that_is_put_again_is_replaced(rig: Rig) -> None:
    for hours in (2, 3, 3):
        rig.scheduler.put(schedule(expression=f"rate({hours} hours)"))
    assert rig.planned() == 1
    assert rig.expression(ONE, "a") == "rate(3 hours)"


def test_a_moment_that_has_passed_is_taken(rig: Rig) -> None:
    rig.scheduler.put(schedule(expression="at(2001-01-01T00:00:00)"))
    assert rig.planned() == 1


def test_a_deleted_schedule_is_gone_and_may_be_gone_already(rig: Rig) -> None:
    rig.scheduler.put(schedule())
    for _ in range(2):
        rig.scheduler.delete(ONE, "a")
        assert rig.planned() == 0


def test_a_deleted_schedule_can_be_put_anew(rig: Rig) -> None:
    rig.scheduler.put(schedule())
    rig.scheduler.delete(ONE, "a")
    rig.scheduler.put(schedule(expression="rate(2 hours)"))
    assert rig.expression(ONE, "a") == "rate(2 hours)"


def test_schedules_of_all_workspaces_and_ids_are_kept_apart(rig: Rig) -> None:
    long = "x" * 64
    ids = ["a", "A", ".a", "..a", "a.", "-", long, long[:-1] + "y", long[:34], long[:35]]
    for workspace in (ONE, TWO):
        for number, name in enumerate(ids, 2):
            rig.scheduler.put(schedule(name, f"rate({number} hours)", workspace))
    assert rig.planned() == 2 * len(ids)
    for name in ids:
        rig.scheduler.delete(TWO, name)
    assert rig.planned() == len(ids)
    for number, name in enumerate(ids, 2):
        assert rig.expression(ONE, name) == f"rate({number} hours)"


def test_those_who_put_one_schedule_at_once_leave_one(rig: Rig) -> None:
    in_threads(
        8, lambda number: rig.scheduler.put(schedule(expression=f"rate({number + 2} hours)"))
    )
    assert rig.planned() == 1
    assert rig.expression(ONE, "a") in {f"rate({number + 2} hours)" for number in range(8)}
