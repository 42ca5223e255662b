"""Starting: workflows are pinned as prompts are, children start once, suspended ones not at all."""

from collections.abc import Sequence
from typing import Any

import pytest

from promptpilot.clock import epoch_ms
from promptpilot.domain.execution import ExecutionStatus, Slot
from promptpilot.errors import WorkflowSuspended
from promptpilot.ports.table import Check, Delete, Item, Key, Operation, Page, Table
from promptpilot.services.executions.queue import start_next
from promptpilot.services.executions.reading import ExecutionFilters, list_executions
from promptpilot.services.executions.start import ensure_started
from promptpilot.services.executions.suspensions import SuspendRequest, suspend, unsuspend
from tests.fakes import ScriptedModel
from tests.unit.control import calling, child_of, name_of, replayed, resumed, status_of, use
from tests.unit.world import World


@pytest.fixture
def world() -> World:
    return World(ScriptedModel())


def suspended(world: World) -> None:
    suspend(world.principal, world.workflow.id, SuspendRequest(), table=world.ports.table)


def event_comes(world: World, execution: str) -> None:
    ensure_started(
        world.principal.workspace,
        execution,
        table=world.ports.table,
        orchestrator=world.orchestrator,
    )


class Watched:
    """A `Table` that remembers which partitions were read and written, in order."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.touched: list[str] = []

    def get(self, key: Key) -> Item | None:
        self.touched.append(key.partition)
        return self._table.get(key)

    def query(self, partition: str, **asked: Any) -> Page:
        self.touched.append(partition)
        return self._table.query(partition, **asked)

    def write(self, operations: Sequence[Operation], **how: Any) -> None:
        for each in operations:
            key = each.key if isinstance(each, Delete | Check) else each.item.key
            self.touched.append(key.partition)
        self._table.write(operations, **how)


def test_where_no_limit_is_set_none_is_paid_for(world: World) -> None:
    world.execute({"text": "x"})  # from now on it is known for a while that there is no limit
    watched: Any = Watched(world.ports.table)
    world.ports = world.ports_with(table=watched)
    execution = world.execute({"text": "x"})
    workspace = execution.workspace
    record = f"{workspace}/execution/{execution.id}"
    prompt = f"{workspace}/prompt/{world.prompt.id}"
    outbox = f"{workspace}/outbox/{execution.id}"
    head = f"{workspace}/workflow/{world.workflow.id}"
    assert watched.touched == [head, prompt, prompt, record, outbox]
    watched.touched.clear()
    world.change(execution, "SUCCEEDED", stopDate=5_000, output="1")
    logs = f"{workspace}/logs/{execution.id.partition('_')[2]}"
    assert watched.touched == [record, logs, record, outbox]


def test_the_workflows_that_steps_run_are_pinned(world: World) -> None:
    inner = world.workflow
    use(world, calling(inner.id))
    pin = world.execute({}).workflow_pins["call"]
    assert (pin.workflow_id, pin.version, pin.digest) == (inner.id, inner.version, inner.digest)


def test_a_child_is_recorded_with_its_parent_and_pins_its_own(world: World) -> None:
    use(world, calling(world.workflow.id))
    parent = world.execute({})
    child = child_of(world, parent)
    assert child.parent is not None
    assert (child.parent.execution_id, child.parent.path) == (parent.id, "call")
    assert (child.depth, child.trigger) == (1, "workflow")
    assert child.created_by == parent.created_by
    assert list(child.pins) == ["first", "second"]
    assert name_of(child) in world.orchestrator.started


def test_a_child_starts_once(world: World) -> None:
    use(world, calling(world.workflow.id))
    parent = world.execute({})
    child = child_of(world, parent)
    world.change(child, "SUCCEEDED", stopDate=5_000, output="1")
    world.orchestrator.started.clear()
    assert child_of(world, parent).status is ExecutionStatus.SUCCEEDED
    assert world.orchestrator.started == {}


def test_a_parent_shows_its_children_and_where_they_belong(world: World) -> None:
    use(world, calling(world.workflow.id))
    parent = world.execute({})
    plain, second = child_of(world, parent), child_of(world, parent, "2.5")
    world.change(second, "SUCCEEDED", stopDate=5_000, output="1")
    shown = {
        (child.id, child.path, child.iteration, child.status.value)
        for child in world.read(parent).children  # type: ignore[attr-defined]
    }
    assert shown == {
        (plain.id, "call", None, "queued"),
        (second.id, "call", "2.5", "succeeded"),
    }


def test_children_are_listed_page_by_page_and_by_status(world: World) -> None:
    use(world, calling(world.workflow.id))
    parent = world.execute({})
    children = {child_of(world, parent, "1" * size).id for size in range(1, 6)}

    def listed(**filters: object) -> list[str]:
        wanted = ExecutionFilters.model_validate({"parent": parent.id, **filters})
        found, after = [], None
        while True:
            page = list_executions(
                world.principal, filters=wanted, limit=2, after=after, table=world.ports.table
            )
            found += [each.id for each in page.items]
            after = page.next
            if after is None:
                return found

    assert sorted(listed()) == sorted(children)
    assert listed(status="failed") == []
    assert listed(workflow_id=world.workflow.id) == []


def test_a_child_whose_parent_has_ended_is_not_started_by_its_event(world: World) -> None:
    use(world, calling(world.workflow.id))
    parent = world.execute({})
    child = child_of(world, parent)
    world.orchestrator.started.clear()
    found = world.ports.table.of_kind("execution")  # type: ignore[attr-defined]
    assert len(found) == 2
    world.change(parent, "FAILED", stopDate=5_000, error="Any")
    event_comes(world, child.id)
    assert world.orchestrator.started == {}
    assert status_of(world, child) is ExecutionStatus.CANCELLED


def test_nothing_of_a_suspended_workflow_starts(world: World) -> None:
    execution = world.execute({"text": "x"})
    world.change(execution, "FAILED", stopDate=epoch_ms(), error="Any")
    suspended(world)
    for start in (
        lambda: world.execute({"text": "x"}),
        lambda: replayed(world, execution),
        lambda: resumed(world, execution),
    ):
        with pytest.raises(WorkflowSuspended):
            start()


def test_a_step_that_would_run_a_suspended_workflow_fails(world: World) -> None:
    inner = world.workflow
    use(world, calling(inner.id))
    parent = world.execute({})
    world.workflow = inner
    suspended(world)
    with pytest.raises(WorkflowSuspended):
        child_of(world, parent)


def test_what_is_queued_waits_until_its_workflow_goes_on(world: World) -> None:
    execution = world.execute({"text": "x"})
    world.orchestrator.started.clear()  # as if the process had died before the start
    suspended(world)
    event_comes(world, execution.id)
    event_comes(world, execution.id)
    assert world.orchestrator.started == {}
    assert world.read(execution).slot is Slot.QUEUED
    table, workspace = world.ports.table, execution.workspace
    start_next(workspace, table=table, orchestrator=world.orchestrator)
    assert world.orchestrator.started == {}
    unsuspend(world.principal, world.workflow.id, table=table)
    start_next(workspace, table=table, orchestrator=world.orchestrator)
    assert list(world.orchestrator.started) == [name_of(execution)]
    assert world.read(execution).slot is None
