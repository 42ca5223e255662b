"""Executions that wait to be let in: because as many run as may, or because their workflow is
suspended.

Next is the oldest one of the workflow that has the fewest running. So a thousand of one workflow do
not hold up another one's first. Whoever queues an execution looks for a free slot afterwards, and
whoever frees one looks into the queue afterwards: between the two none is forgotten. An execution
that is let in has an event of its own, which makes sure of its start and looks further.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from promptpilot import keys
from promptpilot.domain.event import EventType
from promptpilot.domain.execution import Execution, ExecutionStatus, Slot
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Create, Delete, Item, Key, Operation, Position, Table
from promptpilot.services.executions.machine import is_suspended, start_machine
from promptpilot.services.executions.records import Recorded, execution_event, find_execution
from promptpilot.services.executions.slots import Counter, Holder, in_turn, load_counter, recount
from promptpilot.services.lru import LruCache
from promptpilot.services.outbox import outbox
from promptpilot.services.workspace_limits import running_limit_now

QUEUED = "slot_queued"
AT_ONCE = 25
"""How many are let in by one call: more follow by the events of these."""
DOUBT_SECONDS = 60.0
"""How often a process asks whether all that count as running still run, where no slot is free."""

_PAGE = 100
_AFTER_ALL = "~"
"""Sorts after every id."""

_asked: LruCache[str, float] = LruCache(10_000)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An execution that waits, and its item in the queue."""

    item: Item
    holder: Holder


def enqueue(execution: Execution) -> Create:
    """The operation that puts an execution into the queue."""
    key = keys.slot_queued(execution.workspace, execution.workflow_id, execution.id)
    holder = Holder(execution=execution.id, workflow=execution.workflow_id)
    return Create(Item(key, QUEUED, holder.model_dump_json()))


def dequeue(execution: Execution) -> Delete:
    """The operation that takes an execution out of the queue, wherever it is."""
    return Delete(keys.slot_queued(execution.workspace, execution.workflow_id, execution.id))


def start_next(workspace: str, *, table: Table, orchestrator: Orchestrator) -> None:
    """Let in and start what may run now. Raises `Unavailable`; what is let in by then starts by its
    event.
    """
    for _ in range(AT_ONCE):
        execution = in_turn(workspace, lambda: _admit_one(workspace, table))
        if execution is None:
            if not _doubtful(workspace, table):
                return
            recount(workspace, table=table)
        else:
            start_machine(execution, table=table, orchestrator=orchestrator)


def _admit_one(workspace: str, table: Table) -> Execution | None:
    """The execution that is let in now; None where there is none, or no slot."""
    limit = running_limit_now(workspace, table=table)
    counter = load_counter(workspace, table=table)
    if limit is not None and counter.total >= limit:
        return None
    waiting = _next(workspace, counter, table)
    if waiting is None:
        return None
    found = find_execution(workspace, waiting.holder.execution, table=table)
    out = Delete(waiting.item.key, revision=waiting.item.revision)
    if found is None or found.execution.status is not ExecutionStatus.QUEUED:
        table.write([out])
        return _admit_one(workspace, table)
    admitted, operations = _admission(found, counter, limited=limit is not None)
    table.write([out, *operations])
    return admitted.execution


def _admission(
    found: Recorded, counter: Counter, *, limited: bool
) -> tuple[Recorded, list[Operation]]:
    admitted = found.changed(slot=Slot.HELD if limited else None)
    event = execution_event(EventType.EXECUTION_ADMITTED, admitted.execution)
    taken = counter.take(admitted.execution) if limited else []
    return admitted, [*taken, admitted.replace, outbox(event)]


def _next(workspace: str, counter: Counter, table: Table) -> Waiting | None:
    """Who is next; workflows that are suspended are passed over."""
    waiting = sorted(
        _oldest_of_each(workspace, table),
        key=lambda each: (counter.running(each.holder.workflow), each.holder.execution),
    )
    for each in waiting:
        if not is_suspended(workspace, each.holder.workflow, table=table):
            return each
    return None


def _oldest_of_each(workspace: str, table: Table) -> Iterator[Waiting]:
    """The oldest execution in the queue of every workflow that has one. From a full page it goes on
    after all of the last workflow in it.
    """
    queue = keys.slots_queued(workspace)
    after, workflow = None, ""
    while True:
        page = table.query(queue.partition, prefix=queue.sort, limit=_PAGE, after=after)
        for item in page.items:
            holder = Holder.model_validate_json(item.body)
            if holder.workflow != workflow:
                workflow = holder.workflow
                yield Waiting(item, holder)
        if page.next is None:
            return
        end = Key(queue.partition, keys.slot_queued(workspace, workflow, _AFTER_ALL).sort)
        after = Position(end, end)


def _doubtful(workspace: str, table: Table) -> bool:
    """Whether somebody waits while no slot is free, and nobody asked lately if that is right."""
    queue = keys.slots_queued(workspace)
    if not table.query(queue.partition, prefix=queue.sort, limit=1).items:
        return False
    last = _asked.get(workspace)
    if last is not None and time.monotonic() - last < DOUBT_SECONDS:
        return False
    _asked.put(workspace, time.monotonic(), weight=1)
    return True
