"""No more executions run than a workspace may have, whoever starts and ends them at once, and all
get their turn. On every table.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from promptpilot.adapters.aws.table import DynamoTable
from promptpilot.domain.execution import ExecutionStatus, Slot
from promptpilot.errors import StoreUnavailable, Unavailable
from promptpilot.ports.table import Operation, Table
from promptpilot.services.executions import queue as execution_queue
from promptpilot.services.executions.queue import start_next
from promptpilot.services.executions.records import load_execution
from promptpilot.services.executions.slots import recount, release
from promptpilot.services.executions.start import ensure_started
from tests.contract.started_workflows import LimitedWorkspace
from tests.contract.stores import Aws, new_dynamodb_table, sqlite_table
from tests.contract.test_table_concurrency import OneRequestAtATime
from tests.contract.threads import in_threads

THREADS = 50


@pytest.fixture(params=["sqlite", "dynamodb"])
def table(request: pytest.FixtureRequest, aws: Aws, tmp_path: Path) -> Iterator[Table]:
    if request.param == "sqlite":
        with sqlite_table(aws, tmp_path) as table:
            yield table
    else:
        client: Any = OneRequestAtATime(aws.dynamodb)
        yield DynamoTable(client, new_dynamodb_table(aws.dynamodb))


def test_of_fifty_that_start_at_once_no_more_run_than_may_and_all_do_in_the_end(
    table: Table,
) -> None:
    workspace = LimitedWorkspace(table, 3)
    workflow = workspace.workflow()
    started: list[str] = []

    def start(_: int) -> None:
        started.append(workspace.start(workflow).id)

    in_threads(THREADS, start)
    assert len(workspace.orchestrator.running) == 3
    while workspace.orchestrator.running:
        workspace.end(next(iter(workspace.orchestrator.running)))
    assert workspace.orchestrator.most == 3
    assert sorted(workspace.orchestrator.order) == sorted(started)
    assert workspace.counted() == 0


def test_starts_and_ends_at_once_keep_the_limit_and_leave_nobody_behind(table: Table) -> None:
    workspace = LimitedWorkspace(table, 3)
    workflows = [workspace.workflow() for _ in range(3)]
    taking = Lock()

    def start_and_end(number: int) -> None:
        workspace.start(workflows[number % 3])
        with taking:
            mine = next(iter(workspace.orchestrator.running - finished), None)
            if mine is not None:
                finished.add(mine)
        if mine is not None:
            workspace.end(mine)

    finished: set[str] = set()
    in_threads(24, start_and_end)
    while workspace.orchestrator.running:
        workspace.end(next(iter(workspace.orchestrator.running)))
    assert workspace.orchestrator.most <= 3
    assert len(workspace.orchestrator.order) == 24
    assert workspace.counted() == 0


def test_a_burst_of_one_workflow_does_not_hold_up_another(table: Table) -> None:
    workspace = LimitedWorkspace(table, 2)
    burst, other = workspace.workflow(), workspace.workflow()
    flood = [workspace.start(burst).id for _ in range(12)]
    late = workspace.start(other).id
    assert workspace.orchestrator.order == flood[:2]
    workspace.end(flood[0])
    assert workspace.orchestrator.order[2:] == [late]
    workspace.end(flood[1])
    assert workspace.orchestrator.order[3:] == [flood[2]]


def test_among_equals_the_oldest_is_next(table: Table) -> None:
    workspace = LimitedWorkspace(table, 1)
    first, second = workspace.workflow(), workspace.workflow()
    running = workspace.start(first)
    queued = [workspace.start(workflow).id for workflow in (second, first, second, first)]
    for ending in [running.id, *queued[:-1]]:
        workspace.end(ending)
    assert workspace.orchestrator.order == [running.id, *queued]


def test_every_workflow_is_found_in_a_queue_longer_than_a_page(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution_queue, "_PAGE", 3)
    workspace = LimitedWorkspace(table, 1)
    workflows = [workspace.workflow() for _ in range(5)]
    running = workspace.start(workspace.workflow()).id
    queued = [workspace.start(each).id for each in workflows for _ in range(4)]
    workspace.end(running)
    for _ in range(len(queued) - 1):
        workspace.end(workspace.orchestrator.order[-1])
    # Nothing runs when the next one is chosen, so the oldest of all is.
    assert workspace.orchestrator.order == [running, *queued]


def test_what_was_let_in_and_not_started_is_started_by_its_event(table: Table) -> None:
    workspace = LimitedWorkspace(table, 1)
    workspace.orchestrator.full = True  # as if the process had died before the start
    execution = workspace.start(workspace.workflow())
    assert (execution.slot, execution.status) == (Slot.HELD, ExecutionStatus.QUEUED)
    workspace.orchestrator.full = False
    ensure_started(workspace.id, execution.id, table=table, orchestrator=workspace.orchestrator)
    assert workspace.orchestrator.order == [execution.id]


def test_a_crash_between_an_end_and_the_next_start_is_made_good_by_the_repeated_news(
    table: Table,
) -> None:
    workspace = LimitedWorkspace(table, 1)
    workflow = workspace.workflow()
    first, second = workspace.start(workflow).id, workspace.start(workflow).id
    workspace.record_end(first)
    assert workspace.orchestrator.order == [first]
    for _ in range(2):  # the news come again, and do no more than once
        release(workspace.id, first, table=table)
        workspace.go_on()
    assert workspace.orchestrator.order == [first, second]
    assert workspace.counted() == 1


def test_an_end_that_was_never_told_is_found_when_somebody_waits(table: Table) -> None:
    workspace = LimitedWorkspace(table, 1)
    workflow = workspace.workflow()
    first = workspace.start(workflow).id
    workspace.record_end(first)
    second = workspace.start(workflow).id
    assert workspace.orchestrator.order == [first, second]


def test_an_execution_over_the_limit_is_not_started_by_its_event(table: Table) -> None:
    workspace = LimitedWorkspace(table, 1)
    workflow = workspace.workflow()
    first, second = workspace.start(workflow), workspace.start(workflow)
    assert second.slot is Slot.QUEUED
    ensure_started(workspace.id, second.id, table=table, orchestrator=workspace.orchestrator)
    assert workspace.orchestrator.order == [first.id]


def test_a_higher_limit_and_none_let_in_who_waits(table: Table) -> None:
    workspace = LimitedWorkspace(table, 1)
    workflow = workspace.workflow()
    all_of_them = [workspace.start(workflow).id for _ in range(6)]
    workspace.limit_to(3)
    workspace.go_on()
    assert workspace.orchestrator.order == all_of_them[:3]
    workspace.limit_to(None)
    workspace.go_on()
    assert workspace.orchestrator.order == all_of_them
    assert load_execution(workspace.id, all_of_them[5], table=table).execution.slot is None


def test_a_count_that_is_wrong_is_put_right(table: Table) -> None:
    workspace = LimitedWorkspace(table, 2)
    workflow = workspace.workflow()
    first, second = workspace.start(workflow).id, workspace.start(workflow).id
    workspace.record_end(first)
    recount(workspace.id, table=table)
    assert workspace.counted() == 1
    release(workspace.id, second, table=table)
    assert workspace.counted() == 0


class RacedTable:
    """A `Table` before whose next write of several operations somebody else does something."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.before: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
        before, self.before = self.before, None
        if before is not None and len(operations) > 1:
            before()
        self._table.write(operations, durable=durable)


def test_of_two_processes_that_see_the_last_free_slot_one_gets_it(table: Table) -> None:
    workspace = LimitedWorkspace(table, 1)
    workflow = workspace.workflow()
    workspace.orchestrator.full = True
    running = workspace.start(workflow).id
    queued = [workspace.start(workflow).id for _ in range(2)]
    workspace.orchestrator.full = False
    workspace.record_end(running)
    release(workspace.id, running, table=table)

    raced: Any = RacedTable(table)

    def other_process() -> None:  # which does not share this one's lock
        found = execution_queue._admit_one(workspace.id, table)
        assert found is not None
        assert found.id == queued[0]

    raced.before = other_process
    start_next(workspace.id, table=raced, orchestrator=workspace.orchestrator)
    assert workspace.orchestrator.order == []
    assert workspace.counted() == 1
    assert load_execution(workspace.id, queued[1], table=table).execution.slot is Slot.QUEUED


def test_who_can_read_no_limit_is_told_so(table: Table) -> None:
    workspace = LimitedWorkspace(table, 1)
    workspace.start(workspace.workflow())

    class OutOfReach(RacedTable):
        def get(self, key: object) -> Any:
            raise StoreUnavailable

    out: Any = OutOfReach(table)
    with pytest.raises(Unavailable):
        start_next(workspace.id, table=out, orchestrator=workspace.orchestrator)
