"""Slots: what counts the executions that run where a workspace limits them.

One item counts them by workflow; beside it every execution that counts has an item of its own, and
so has every one that waits. What takes or gives back a slot changes the counter and the
execution's item in one transaction, so none counts twice and none is given back twice, however
often that is asked for. Where an end was never told, its slot is found by `recount`.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from promptpilot import keys
from promptpilot.domain.base import Model
from promptpilot.domain.execution import Execution
from promptpilot.domain.ids import ExecutionId, WorkflowId
from promptpilot.errors import ConditionFailed, Unavailable
from promptpilot.ports.table import Create, Delete, Item, Operation, Replace, Table
from promptpilot.services.executions.records import recorded

COUNTER, HELD = "slots", "slot_held"
ATTEMPTS = 16
"""How often something is tried again that other processes were faster at."""

_PAUSE_SECONDS = 0.02
_BATCH = 100
_turns = tuple(Lock() for _ in range(256))
"""The threads of a process change a workspace's slots one after another: only one could win."""

T = TypeVar("T")


class Counted(Model):
    """How many executions run, by workflow."""

    running: Mapping[WorkflowId, int] = {}

    def plus(self, workflow: str, count: int) -> "Counted":
        """As many more of one workflow."""
        now = self.running.get(workflow, 0) + count
        rest = {name: number for name, number in self.running.items() if name != workflow}
        return Counted(running={**rest, workflow: now} if now > 0 else rest)


class Holder(Model):
    """What the item of an execution that counts, or that waits, says of it."""

    execution: ExecutionId
    workflow: WorkflowId


@dataclass(frozen=True, slots=True)
class Counter:
    """A workspace's counter as it was read; `item` is None before its first use."""

    workspace: str
    item: Item | None
    counted: Counted

    @property
    def total(self) -> int:
        """How many executions run that count."""
        return sum(self.counted.running.values())

    def running(self, workflow: str) -> int:
        """How many of them are of that workflow."""
        return self.counted.running.get(workflow, 0)

    def set_to(self, counted: Counted) -> Create | Replace:
        """The operation that writes another count, if this one still stands."""
        body = counted.model_dump_json()
        if self.item is None:
            return Create(Item(keys.slots(self.workspace), COUNTER, body))
        return Replace(self.item.next(body))

    def take(self, execution: Execution) -> list[Operation]:
        """The operations that make an execution count."""
        holder = Holder(execution=execution.id, workflow=execution.workflow_id)
        key = keys.slot_held(self.workspace, execution.id)
        return [
            self.set_to(self.counted.plus(execution.workflow_id, 1)),
            Create(Item(key, HELD, holder.model_dump_json())),
        ]


def load_counter(workspace: str, *, table: Table) -> Counter:
    """The workspace's counter as of now."""
    item = table.get(keys.slots(workspace))
    counted = Counted() if item is None else Counted.model_validate_json(item.body)
    return Counter(workspace, item, counted)


def in_turn(workspace: str, change: Callable[[], T]) -> T:
    """What `change` returns, tried again while others are faster; the threads of this process take
    turns. Raises what it raises, and `Unavailable` after `ATTEMPTS` lost races.
    """
    for attempt in range(ATTEMPTS):
        try:
            with _turns[hash(workspace) % len(_turns)]:
                return change()
        except ConditionFailed:
            time.sleep(_PAUSE_SECONDS * attempt * random.random())  # noqa: S311  spreads retries
    raise Unavailable(reason="Too many executions start and end at the same time.")


def release(workspace: str, execution: str, *, table: Table) -> None:
    """Give back an execution's slot; one that has none, or no more, changes nothing."""
    key = keys.slot_held(workspace, execution)

    def change() -> None:
        item = table.get(key)
        if item is None:
            return
        counter = load_counter(workspace, table=table)
        holder = Holder.model_validate_json(item.body)
        table.write(
            [
                Delete(key, revision=item.revision),
                counter.set_to(counter.counted.plus(holder.workflow, -1)),
            ]
        )

    in_turn(workspace, change)


def recount(workspace: str, *, table: Table) -> None:
    """Give back the slots of executions that have ended, and make the counter say what is so."""
    for batch in _in_batches(list(_holders(workspace, table))):
        found = table.get_many([keys.execution(workspace, each.execution) for each in batch])
        for holder, item in zip(batch, found, strict=True):
            if item is None or recorded(item).execution.status.final:
                release(workspace, holder.execution, table=table)

    def change() -> None:
        counter = load_counter(workspace, table=table)
        counted = Counted()
        for holder in _holders(workspace, table):
            counted = counted.plus(holder.workflow, 1)
        if counted != counter.counted:
            table.write([counter.set_to(counted)])

    in_turn(workspace, change)


def _holders(workspace: str, table: Table) -> Iterator[Holder]:
    key, after = keys.slot_held(workspace), None
    while True:
        page = table.query(key.partition, prefix=key.sort, limit=1000, after=after)
        yield from (Holder.model_validate_json(item.body) for item in page.items)
        after = page.next
        if after is None:
            return


def _in_batches(holders: Sequence[Holder]) -> Iterator[Sequence[Holder]]:
    for start in range(0, len(holders), _BATCH):
        yield holders[start : start + _BATCH]
