"""Resuming: on from where it ended, once, and only what can go on."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from promptpilot.clock import epoch_ms
from promptpilot.domain.execution import Execution, ExecutionStatus, Slot
from promptpilot.domain.permissions import Role
from promptpilot.domain.principal import Principal
from promptpilot.domain.workspace_limits import WorkspaceLimits
from promptpilot.errors import (
    Conflict,
    ExecutionIsChild,
    ExecutionLimitReached,
    ExecutionNotEnded,
    ExecutionNotResumable,
    NotFound,
    PromptPilotError,
    Unavailable,
)
from promptpilot.ports.orchestrator import Machine
from promptpilot.ports.table import Put
from promptpilot.services.executions.records import load_execution
from promptpilot.services.executions.resume import KEPT, ensure_resumed
from promptpilot.services.executions.slots import load_counter
from promptpilot.services.workspace_limits import put_limits
from tests.fakes import ScriptedModel
from tests.unit.control import (
    calling,
    cancelled,
    child_of,
    name_of,
    resumed,
    status_of,
    told,
    use,
)
from tests.unit.world import World


def ended_badly(world: World, status: str = "FAILED") -> Execution:
    execution = world.execute({"text": "x"})
    world.change(execution, status, stopDate=epoch_ms(), error="ModelTimeout", cause="slow")
    return execution


def refusing(error: PromptPilotError) -> Callable[..., None]:
    def resume(machine: Machine, name: str, *, times: int) -> None:
        raise error

    return resume


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_an_execution_that_ended_badly_runs_again(status: str) -> None:
    world = World(ScriptedModel())
    execution = ended_badly(world, status)
    answer = resumed(world, execution)
    assert world.orchestrator.resumed == [name_of(execution)]
    assert (answer.status, answer.resumes) == (ExecutionStatus.RUNNING, 1)
    assert answer.resumed_at is not None
    assert (answer.error, answer.ended_at, answer.cancelled_by) == (None, None, None)
    assert told(world, execution)[-1] == "execution.resumed"


def test_late_news_of_the_earlier_end_change_nothing_and_those_of_the_new_one_do() -> None:
    world = World(ScriptedModel())
    execution = ended_badly(world)
    first_end = world.read(execution).ended_at
    assert first_end is not None
    answer = resumed(world, execution)
    assert answer.resumed_at is not None
    early = round(first_end.timestamp() * 1000)
    world.change(execution, "FAILED", stopDate=early, error="ModelTimeout")
    world.change(execution, "RUNNING")
    assert status_of(world, execution) is ExecutionStatus.RUNNING
    late = round(answer.resumed_at.timestamp() * 1000)
    world.change(execution, "SUCCEEDED", stopDate=late, output='"done"')
    assert world.read(execution).output == "done"


def test_one_that_was_cancelled_can_go_on_and_takes_steps_again() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    world.change(execution, "RUNNING")
    cancelled(world, execution)
    world.change(execution, "ABORTED", stopDate=epoch_ms(), error="Cancelled")
    assert resumed(world, execution).takes_steps


def test_what_goes_on_or_has_succeeded_cannot_be_resumed() -> None:
    world = World(ScriptedModel())
    execution = world.execute({"text": "x"})
    with pytest.raises(ExecutionNotEnded):
        resumed(world, execution)
    world.change(execution, "SUCCEEDED", stopDate=5_000, output="null")
    with pytest.raises(ExecutionNotResumable):
        resumed(world, execution)
    assert world.orchestrator.resumed == []


def test_of_two_that_resume_it_one_does() -> None:
    world = World(ScriptedModel())
    execution = ended_badly(world)
    resumed(world, execution)
    with pytest.raises(ExecutionNotEnded):
        resumed(world, execution)
    assert world.orchestrator.resumed == [name_of(execution)]


def test_what_ended_too_long_ago_is_left_alone() -> None:
    world = World(ScriptedModel())
    execution = ended_badly(world)
    table = world.ports.table
    found = load_execution(execution.workspace, execution.id, table=table)
    assert found.execution.ended_at is not None
    long_ago = found.execution.ended_at - KEPT - timedelta(hours=1)
    table.write([Put(found.changed(ended_at=long_ago).item)])
    with pytest.raises(ExecutionNotResumable):
        resumed(world, execution)
    assert world.orchestrator.resumed == []


@pytest.mark.parametrize("error", [NotFound(kind="execution", id="x"), Conflict(reason="too late")])
def test_what_the_engine_cannot_go_on_with_has_its_end_back(
    error: PromptPilotError, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(ScriptedModel())
    execution = ended_badly(world)
    before = world.read(execution)
    monkeypatch.setattr(world.orchestrator, "resume", refusing(error))
    with pytest.raises(ExecutionNotResumable):
        resumed(world, execution)
    assert world.read(execution) == before
    assert told(world, execution)[-2:] == ["execution.resumed", "execution.failed"]


def test_where_the_engine_is_out_of_reach_the_event_resumes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(ScriptedModel())
    execution = ended_badly(world)
    with monkeypatch.context() as patched:
        patched.setattr(world.orchestrator, "resume", refusing(Unavailable()))
        assert resumed(world, execution).status is ExecutionStatus.RUNNING

    def event_comes(resumes: int) -> None:
        ensure_resumed(
            execution.workspace,
            execution.id,
            resumes,
            table=world.ports.table,
            orchestrator=world.orchestrator,
        )

    event_comes(0)  # one of an earlier resumption, late
    assert world.orchestrator.resumed == []
    event_comes(1)
    assert world.orchestrator.resumed == [name_of(execution)]


def test_the_event_of_one_that_has_gone_on_already_does_no_harm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(ScriptedModel())
    execution = ended_badly(world)
    resumed(world, execution)
    monkeypatch.setattr(world.orchestrator, "resume", refusing(Conflict(reason="it succeeded")))
    ports = {"table": world.ports.table, "orchestrator": world.orchestrator}
    ensure_resumed(execution.workspace, execution.id, 1, **ports)  # type: ignore[arg-type]
    assert status_of(world, execution) is ExecutionStatus.RUNNING


def test_a_child_goes_on_with_its_parent_and_not_by_itself() -> None:
    world = World(ScriptedModel())
    use(world, calling(world.workflow.id))
    parent = world.execute({})
    child = child_of(world, parent)
    world.change(child, "FAILED", stopDate=5_000, error="Any")
    with pytest.raises(ExecutionIsChild) as refused:
        resumed(world, child)
    assert refused.value.parent == parent.id


def test_where_a_limit_is_set_it_takes_a_free_slot_and_does_not_wait_for_one() -> None:
    world = World(ScriptedModel())
    execution = ended_badly(world)
    table, workspace = world.ports.table, execution.workspace
    admin = Principal(world.principal.user, workspace, Role.ADMIN)
    put_limits(admin, WorkspaceLimits(max_running_executions=1), table=table)
    running = world.execute({"text": "y"})
    assert running.slot is Slot.HELD
    with pytest.raises(ExecutionLimitReached):
        resumed(world, execution)
    assert status_of(world, execution) is ExecutionStatus.FAILED
    world.change(running, "FAILED", stopDate=epoch_ms(), error="Any")
    assert resumed(world, execution).slot is Slot.HELD
    assert load_counter(workspace, table=table).total == 1
