"""Steps that run other workflows: one execution for each try, whose end is the step's."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from promptpilot.domain.execution import Execution, ExecutionStatus, LogStatus, machine_name
from promptpilot.domain.workflow import MAX_LEVELS
from promptpilot.errors import Unavailable
from promptpilot.services.executions.child_executions import cancel_children, child_ended
from promptpilot.services.executions.records import load_execution
from promptpilot.services.executions.totals import totals
from promptpilot.services.runs import workflow_steps
from tests.fakes import ScriptedModel
from tests.unit.kinds_world import KindsWorld
from tests.unit.world import RecordingOrchestrator

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


class Nesting(KindsWorld):
    """A world with an execution whose step `sub` runs another workflow, of one prompt."""

    def __init__(self) -> None:
        super().__init__(model=ScriptedModel())
        self.inner = self.made({"id": "only", "kind": "prompt"}, input=TEXT)
        self.workflow = self.made(self.sub(self.inner.id))
        self.execution = self.run()

    @staticmethod
    def sub(workflow: str) -> Mapping[str, Any]:
        return {
            "id": "sub",
            "kind": "workflow",
            "workflow": {"id": workflow},
            "with": {"text": "hello"},
            "retry": {"attempts": 2},
        }

    async def begin(self, **fields: Any) -> Execution:
        """The child that the step runs, having been started by a worker."""
        told = {"variables": {"text": "hello"}, **fields}
        await self.do(self.execution, "sub", **told)
        return self.child()

    def child(self) -> Execution:
        [log] = self.logs(self.execution)
        return self.stored(log.child)

    def finish(self, child: Execution, status: str = "SUCCEEDED", **fields: Any) -> None:
        self.change(child, status, stopDate=2_000, **fields)

    def ended(self, child: Execution) -> None:
        """The hook of an execution's end, by itself."""
        child_ended(
            self.stored(child),
            table=self.ports.table,
            blobs=self.ports.blobs,
            orchestrator=self.orchestrator,
        )

    @property
    def log(self) -> Any:
        [log] = self.logs(self.execution)
        return log


async def test_a_step_starts_an_execution_of_its_own_and_waits() -> None:
    world = Nesting()
    child = await world.begin()
    assert (child.workflow_id, child.input, child.depth) == (
        world.inner.id,
        {"text": "hello"},
        1,
    )
    assert child.parent is not None
    assert (child.parent.execution_id, child.parent.path) == (world.execution.id, "sub")
    assert child.parent.log_id == world.log.id
    assert machine_name(child.workspace, child.id) in world.orchestrator.started
    assert (world.log.status, world.log.kind) == (LogStatus.WAITING, "workflow")
    assert world.orchestrator.succeeded == world.orchestrator.failed == {}


async def test_the_childs_output_is_the_steps_result_and_its_cost_the_steps() -> None:
    world = Nesting()
    child = await world.begin()
    await world.do(child, "only")
    world.finish(child, output='"done"')
    assert world.orchestrator.succeeded["token sub"] == "done"
    log = world.log
    assert (log.status, log.output, log.child) == (LogStatus.SUCCEEDED, "done", child.id)
    spent = world.stored(child).usage
    assert log.usage == spent
    assert spent.output_tokens > 0
    assert totals(child.workspace, world.execution.id, table=world.ports.table).usage == spent


async def test_a_large_output_is_kept_whole_and_the_state_has_a_pointer_to_it() -> None:
    world = Nesting()
    child = await world.begin()
    text = "x" * 200_000
    world.finish(child, output=json.dumps(text))
    assert world.log.output == text
    told = world.orchestrator.succeeded["token sub"]
    assert json.loads(world.ports.blobs.get(child.workspace, told["blob"])) == text
    assert text.startswith(told["preview"])


async def test_a_child_that_fails_fails_the_step_and_says_why() -> None:
    world = Nesting()
    child = await world.begin()
    world.finish(child, "FAILED", error="ModelOverloaded", cause="Too much.")
    name, cause = world.orchestrator.failed["token sub"]
    assert name == world.log.error.name == "ChildFailed"
    assert "ModelOverloaded: Too much." in cause
    assert child.id in cause


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT"])
async def test_a_child_that_is_stopped_or_takes_too_long_fails_the_step(status: str) -> None:
    world = Nesting()
    world.finish(await world.begin(), status)
    assert world.orchestrator.failed["token sub"][0] == "ChildFailed"


async def test_the_news_of_the_end_may_come_often() -> None:
    world = Nesting()
    child = await world.begin()
    world.finish(child, output="1")
    before = world.log
    for _ in range(2):
        world.ended(child)
    assert world.log == before
    assert len(world.events("execution.step.succeeded")) == 1


async def test_an_end_that_nobody_could_be_told_is_told_when_its_news_come_again() -> None:
    world = Nesting()
    child = await world.begin()

    class OutOfReach(RecordingOrchestrator):
        def succeed_task(self, token: str, output: Any) -> bool:
            raise Unavailable

    reachable, world.orchestrator = world.orchestrator, OutOfReach()
    with pytest.raises(Unavailable):
        world.finish(child, output="1")
    assert world.log.status is LogStatus.SUCCEEDED
    world.orchestrator = reachable
    world.finish(child, output="1")
    assert reachable.succeeded["token sub"] == 1


async def test_a_job_that_comes_again_starts_nothing_and_both_tokens_are_told() -> None:
    world = Nesting()
    child = await world.begin()
    started = len(world.orchestrator.started)
    assert (await world.begin(token="again")).id == child.id
    assert len(world.orchestrator.started) == started
    world.finish(child, output="1")
    assert world.orchestrator.succeeded == {"token sub": 1, "again": 1}


async def test_a_job_that_comes_again_when_the_child_has_ended_is_answered_at_once() -> None:
    world = Nesting()
    world.finish(await world.begin(), output="1")
    await world.begin(token="again")
    assert world.orchestrator.succeeded["again"] == 1


async def test_a_child_that_ends_before_its_step_waits_is_not_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Nesting()
    start = workflow_steps.start_child

    def ended_at_once(*args: Any, **kwargs: Any) -> Execution:
        child = start(*args, **kwargs)
        world.finish(child, output="1")
        return child

    monkeypatch.setattr(workflow_steps, "start_child", ended_at_once)
    await world.begin()
    assert world.orchestrator.succeeded["token sub"] == 1
    assert world.log.status is LogStatus.SUCCEEDED


async def test_another_try_runs_another_execution_and_stops_the_one_before() -> None:
    world = Nesting()
    first = await world.begin()
    second = await world.begin(token="second", attempt=1)
    assert first.id != second.id
    assert world.orchestrator.stopped == {machine_name(first.workspace, first.id): "Cancelled"}
    world.finish(first, "ABORTED")
    assert world.orchestrator.failed == {}
    world.finish(second, output="2")
    assert world.orchestrator.succeeded["second"] == 2


async def test_a_resumed_execution_does_not_take_the_failed_child_for_its_own() -> None:
    world = Nesting()
    first = await world.begin()
    world.finish(first, "FAILED", error="X", cause="Y")
    found = load_execution(first.workspace, world.execution.id, table=world.ports.table)
    world.ports.table.write([found.changed(resumes=1).replace])
    second = await world.begin(token="resumed")
    assert second.id != first.id
    assert second.status is ExecutionStatus.QUEUED


async def test_every_iteration_runs_its_own() -> None:
    world = Nesting()
    for at in "01":
        await world.do(world.execution, "sub", iteration=at, token=at, variables={"text": "hello"})
    assert len({log.child for log in world.logs(world.execution)}) == 2


async def test_an_input_that_the_child_does_not_take_fails_the_step_with_the_place() -> None:
    world = Nesting()
    await world.do(world.execution, "sub", variables={"text": 1})
    assert world.log.error.name == "StepInvalid"
    assert "/text" in world.log.error.message
    assert len(world.orchestrator.started) == 1


async def test_workflows_that_run_each_other_end_at_some_depth() -> None:
    world = Nesting()
    world.execution = world.execution.model_copy(update={"depth": MAX_LEVELS})
    found = load_execution(world.execution.workspace, world.execution.id, table=world.ports.table)
    world.ports.table.write([found.changed(depth=MAX_LEVELS).replace])
    await world.do(world.execution, "sub", variables={"text": "hello"})
    assert world.log.error.name == "WorkflowTooDeep"
    assert world.orchestrator.failed["token sub"][0] == "WorkflowTooDeep"


async def test_the_end_of_an_execution_stops_what_it_runs() -> None:
    world = Nesting()
    child = await world.begin()
    for _ in range(2):
        cancel_children(
            child.workspace,
            world.execution.id,
            table=world.ports.table,
            orchestrator=world.orchestrator,
        )
    assert machine_name(child.workspace, child.id) in world.orchestrator.stopped
    world.finish(child, "ABORTED")
    cancel_children(
        child.workspace,
        world.execution.id,
        table=world.ports.table,
        orchestrator=world.orchestrator,
    )
    assert world.log.error.name == "ChildFailed"


async def test_a_child_that_is_begun_after_its_parents_end_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Nesting()
    start = workflow_steps.start_child

    def parent_ended(*args: Any, **kwargs: Any) -> Execution:
        world.end(world.execution)
        return start(*args, **kwargs)

    monkeypatch.setattr(workflow_steps, "start_child", parent_ended)
    child = await world.begin()
    assert machine_name(child.workspace, child.id) in world.orchestrator.stopped
