"""How executions are kept, and told of."""

import json
from dataclasses import dataclass
from typing import Any

from promptpilot import keys
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.execution import Execution
from promptpilot.errors import NotFound
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.table import Item, Replace, Table
from promptpilot.services.lru import LruCache

KIND = "execution"

_executions: LruCache[str, Execution] = LruCache(16 * 1024 * 1024)
"""Executions by their JSON, 16 MiB of it: all steps of one read the same, and its status does."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An execution as it was read, and the item that a change of it has to replace."""

    item: Item
    execution: Execution

    def changed(self, **update: Any) -> "Recorded":
        """The same with other fields, one revision later; nothing is written."""
        execution = self.execution.model_copy(update=update)
        return Recorded(self.item.next(execution.model_dump_json()), execution)

    @property
    def replace(self) -> Replace:
        """The operation that writes a changed one."""
        return Replace(self.item)


def execution_item(execution: Execution) -> Item:
    """The item of a new execution."""
    workspace = execution.workspace
    return Item(
        key=keys.execution(workspace, execution.id),
        kind=KIND,
        body=execution.model_dump_json(),
        gsi1=keys.executions(workspace, execution.id),
        gsi2=keys.executions_of(workspace, execution.workflow_id, execution.id),
    )


def recorded(item: Item) -> Recorded:
    """The execution that an item holds."""
    known = _executions.get(item.body)
    if known is None:
        known = Execution.model_validate_json(item.body)
        _executions.put(item.body, known, len(item.body))
    return Recorded(item, known)


def find_execution(workspace: str, id: str, *, table: Table) -> Recorded | None:
    """An execution; None where there is none."""
    item = table.get(keys.execution(workspace, id))
    return None if item is None else recorded(item)


def load_execution(workspace: str, id: str, *, table: Table) -> Recorded:
    """An execution. Raises `NotFound`."""
    found = find_execution(workspace, id, table=table)
    if found is None:
        raise NotFound(kind="execution", id=id)
    return found


def output_of(execution: Execution, *, blobs: Blobs) -> Any:
    """What an execution has put out, wherever it is kept."""
    if execution.output_blob is None:
        return execution.output
    return json.loads(blobs.get(execution.workspace, execution.output_blob))


def execution_event(
    type: EventType, execution: Execution, *, actor: str = "system", **data: Any
) -> Event:
    """An event of an execution; `data` is what else it carries."""
    return Event.of(
        type,
        workspace=execution.workspace,
        actor=actor,
        subject=execution.id,
        workflow=execution.workflow_id,
        **data,
    )
