"""Cancelling: at once what has not begun, in a moment what runs, and never what has ended."""

import json

import pytest

from promptpilot.domain.execution import ExecutionStatus, LogStatus
from promptpilot.domain.model import ModelRequest
from promptpilot.domain.permissions import Role
from promptpilot.domain.principal import Principal
from promptpilot.errors import ExecutionEnded, Forbidden, NotFound, Unavailable
from promptpilot.services.executions.cancel import CancelRequest, cancel
from promptpilot.services.executions.start import ensure_started
from promptpilot.services.executions.stop import ensure_stopped
from promptpilot.services.runs.step_runs import run_workflow_step
from tests.fakes import ScriptedModel
from tests.unit.control import (
    calling,
    cancelled,
    child_of,
    name_of,
    status_of,
    told,
    use,
)
from tests.unit.kinds_world import KindsWorld
from tests.unit.world import World


def test_one_that_has_not_begun_is_cancelled_at_once_and_starts_no_more() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    answer = cancelled(world, execution, "by mistake")
    assert answer.status is ExecutionStatus.CANCELLED
    assert answer.error is not None
    assert (answer.error.name, answer.error.message) == ("Cancelled", "by mistake")
    assert answer.cancelled_by == world.principal.user
    assert answer.ended_at is not None
    assert told(world, execution) == ["execution.queued", "execution.cancelled"]
    world.orchestrator.started.clear()
    table, orchestrator = world.ports.table, world.orchestrator
    ensure_started(execution.workspace, execution.id, table=table, orchestrator=orchestrator)
    assert world.orchestrator.started == {}


def test_one_that_runs_is_stopped_and_ends_with_its_machine() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    world.change(execution, "RUNNING")
    answer = cancelled(world, execution)
    assert (answer.status, answer.cancelled_by) == (ExecutionStatus.RUNNING, world.principal.user)
    assert world.orchestrator.stopped == {name_of(execution): "Cancelled"}
    world.change(execution, "ABORTED", stopDate=5_000, error="Cancelled", cause="enough")
    ended = world.read(execution)
    assert ended.status is ExecutionStatus.CANCELLED
    assert ended.error is not None
    assert (ended.error.name, ended.error.message) == ("Cancelled", "enough")


async def test_no_step_starts_between_the_asking_and_the_end() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    world.change(execution, "RUNNING")
    cancelled(world, execution)
    await run_workflow_step(world.job(execution, "first"), 1, world.ports)
    assert world.model.requests == []
    assert world.logs(execution) == ()


async def test_a_result_that_comes_late_is_in_its_log_and_nowhere_else() -> None:
    def cancelled_meanwhile(_: ModelRequest) -> str:
        cancelled(world, execution)
        return "late"

    world = World(ScriptedModel(cancelled_meanwhile))
    execution = world.execute({"text": "x"})
    await run_workflow_step(world.job(execution, "first"), 1, world.ports)
    [log] = world.logs(execution)
    assert (log.status, log.text) == (LogStatus.SUCCEEDED, "late")
    assert status_of(world, execution) is ExecutionStatus.CANCELLED
    assert world.read(execution).output is None


def test_to_cancel_again_is_fine_and_asks_the_machine_again() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    world.change(execution, "RUNNING")
    cancelled(world, execution)
    world.orchestrator.stopped.clear()  # as if the first request had died before it
    cancelled(world, execution)
    assert list(world.orchestrator.stopped) == [name_of(execution)]
    assert told(world, execution).count("execution.cancel_requested") == 1
    world.end(execution)
    assert cancelled(world, execution).status is ExecutionStatus.CANCELLED


def test_what_was_asked_is_done_by_its_event_and_not_once_it_has_ended() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    world.change(execution, "RUNNING")
    cancelled(world, execution)
    world.orchestrator.stopped.clear()

    def event_comes() -> None:
        ensure_stopped(
            execution.workspace,
            execution.id,
            table=world.ports.table,
            orchestrator=world.orchestrator,
        )

    event_comes()
    assert list(world.orchestrator.stopped) == [name_of(execution)]
    world.end(execution)
    world.orchestrator.stopped.clear()
    event_comes()
    assert world.orchestrator.stopped == {}


def test_what_has_ended_otherwise_cannot_be_cancelled() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    world.change(execution, "SUCCEEDED", stopDate=5_000, output="null")
    with pytest.raises(ExecutionEnded) as refused:
        cancelled(world, execution)
    assert refused.value.ended_as == "succeeded"


def test_an_end_that_came_first_stands() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    world.change(execution, "RUNNING")
    cancelled(world, execution)
    world.change(execution, "SUCCEEDED", stopDate=5_000, output='"done"')
    assert world.read(execution).output == "done"
    assert status_of(world, execution) is ExecutionStatus.SUCCEEDED


def test_one_that_was_started_after_all_is_stopped_when_it_tells_that_it_runs() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    cancelled(world, execution)
    world.orchestrator.stopped.clear()  # the start of another process came after that
    world.change(execution, "RUNNING")
    assert list(world.orchestrator.stopped) == [name_of(execution)]
    assert status_of(world, execution) is ExecutionStatus.CANCELLED


def test_what_its_steps_have_begun_is_cancelled_with_it() -> None:
    world = World(ScriptedModel())
    use(world, calling(world.workflow.id))
    parent = world.execute({})
    world.change(parent, "RUNNING")
    child, other = child_of(world, parent), child_of(world, parent, "1")
    world.change(child, "RUNNING")
    world.change(other, "SUCCEEDED", stopDate=5_000, output="1")
    cancelled(world, parent)
    world.end(parent)
    assert name_of(child) in world.orchestrator.stopped
    assert world.read(child).cancelled_by == world.principal.user
    assert status_of(world, other) is ExecutionStatus.SUCCEEDED


def test_the_end_is_followed_up_when_the_first_time_was_cut_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(ScriptedModel())
    use(world, calling(world.workflow.id))
    parent = world.execute({})
    child = child_of(world, parent)
    world.change(child, "RUNNING")

    def out_of_reach(*_: object, **__: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(world.orchestrator, "stop", out_of_reach)
        with pytest.raises(Unavailable):
            world.change(parent, "FAILED", stopDate=5_000, error="Any")
    world.change(parent, "FAILED", stopDate=5_000, error="Any")
    assert list(world.orchestrator.stopped) == [name_of(child)]


def test_a_viewer_may_not_and_others_find_nothing() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    viewer = Principal(world.principal.user, world.principal.workspace, Role.VIEWER)
    ports = {
        "table": world.ports.table,
        "blobs": world.ports.blobs,
        "orchestrator": world.orchestrator,
        "waiter": world.waiter,
    }
    with pytest.raises(Forbidden):
        cancel(viewer, execution.id, CancelRequest(), **ports)  # type: ignore[arg-type]
    stranger = World(ScriptedModel()).principal
    with pytest.raises(NotFound):
        cancel(stranger, execution.id, CancelRequest(), **ports)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT", "FAILED"])
async def test_what_it_still_asks_is_closed_however_it_ends(status: str) -> None:
    world = KindsWorld({"id": "ask", "kind": "approval", "message": "Send it?", "timeout": "1h"})
    execution = world.run()
    await world.do(execution, "ask", message="Send it?")
    assert status_of(world, execution) is ExecutionStatus.WAITING
    cancelled(world, execution)
    assert world.orchestrator.stopped == {name_of(execution): "Cancelled"}
    world.change(execution, status, stopDate=5_000, error="Any")
    [log] = world.logs(execution)
    assert log.status is LogStatus.FAILED
    [approval] = world.ports.table.of_kind("approval")  # type: ignore[attr-defined]
    assert json.loads(approval.body)["status"] in {"cancelled", "expired"}
