"""A step whose execution is resumed lets the one that it ran go on, and does nothing twice."""

from typing import Any

import pytest

from promptpilot.clock import epoch_ms
from promptpilot.domain.execution import Execution, ExecutionStatus, LogStatus
from promptpilot.errors import Conflict, Unavailable
from promptpilot.ports.orchestrator import Machine
from promptpilot.services.executions.children import all_children
from tests.unit.control import calling, name_of, resumed, status_of, use
from tests.unit.kinds_world import KindsWorld


@pytest.fixture
def world() -> KindsWorld:
    world = KindsWorld()
    retry = {"attempts": 2, "on": ["ChildFailed"]}
    use(world, {**calling(world.workflow.id), "retry": retry})
    return world


async def run(
    world: KindsWorld, parent: Execution, token: str, attempt: int = 0, *, receive_count: int = 1
) -> list[Execution]:
    """The step's job is done; all executions that it has begun by then."""
    fields: Any = {"token": token, "attempt": attempt, "variables": {"text": "x"}}
    await world.do(parent, "call", receive_count, **fields)
    return list(all_children(parent.workspace, parent.id, table=world.ports.table))


def fail(world: KindsWorld, execution: Execution) -> None:
    world.change(execution, "FAILED", stopDate=epoch_ms(), error="ModelTimeout", cause="slow")


async def resumed_once(world: KindsWorld) -> tuple[Execution, Execution]:
    """An execution that failed with its child and was resumed, and the child."""
    parent = world.execute({})
    [child] = await run(world, parent, "t1")
    fail(world, child)
    fail(world, parent)
    resumed(world, parent)
    return parent, child


async def test_what_failed_in_the_child_is_gone_on_with(world: KindsWorld) -> None:
    parent, child = await resumed_once(world)
    [same] = await run(world, parent, "t2")
    assert (same.id, same.status, same.resumes) == (child.id, ExecutionStatus.RUNNING, 1)
    assert world.orchestrator.resumed == [name_of(parent), name_of(child)]
    [log] = world.logs(parent)
    assert (log.status, log.child) == (LogStatus.WAITING, child.id)
    world.change(child, "SUCCEEDED", stopDate=epoch_ms(), output='"done"')
    assert world.orchestrator.succeeded["t2"] == "done"


async def test_a_job_that_comes_again_resumes_it_no_second_time(world: KindsWorld) -> None:
    parent, child = await resumed_once(world)
    await run(world, parent, "t2")
    await run(world, parent, "t2", receive_count=2)
    assert world.orchestrator.resumed == [name_of(parent), name_of(child)]
    fail(world, child)
    assert world.orchestrator.failed["t2"][0] == "ChildFailed"


async def test_what_the_child_has_put_out_meanwhile_is_taken(world: KindsWorld) -> None:
    parent = world.execute({})
    [child] = await run(world, parent, "t1")
    world.change(child, "RUNNING")
    fail(world, parent)
    world.change(child, "SUCCEEDED", stopDate=epoch_ms(), output='"done"')
    resumed(world, parent)
    assert len(await run(world, parent, "t2")) == 1
    assert world.orchestrator.succeeded["t2"] == "done"


async def test_one_that_is_being_stopped_is_waited_for(world: KindsWorld) -> None:
    parent = world.execute({})
    [child] = await run(world, parent, "t1")
    world.change(child, "RUNNING")
    fail(world, parent)
    resumed(world, parent)
    with pytest.raises(Unavailable):  # within seconds, and not when another worker must be dead
        await run(world, parent, "t2")
    world.change(child, "ABORTED", stopDate=epoch_ms(), error="Cancelled")
    await run(world, parent, "t2", receive_count=2)
    assert status_of(world, child) is ExecutionStatus.RUNNING


async def test_where_it_cannot_go_on_another_is_begun(
    world: KindsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, child = await resumed_once(world)

    def too_late(machine: Machine, name: str, *, times: int) -> None:
        raise Conflict(reason="too late")

    monkeypatch.setattr(world.orchestrator, "resume", too_late)
    children = await run(world, parent, "t2")
    assert len(children) == 2
    assert status_of(world, child) is ExecutionStatus.FAILED


async def test_the_next_try_of_the_step_begins_anew(world: KindsWorld) -> None:
    parent, child = await resumed_once(world)
    await run(world, parent, "t2")
    fail(world, child)
    children = await run(world, parent, "t3", attempt=1)
    assert len(children) == 2
    fail(world, next(each for each in children if each.id != child.id))
    fail(world, parent)
    resumed(world, parent)
    await run(world, parent, "t4")  # the newest of both goes on
    assert len(world.orchestrator.resumed) == 4
    assert world.orchestrator.resumed[-1] != name_of(child)
