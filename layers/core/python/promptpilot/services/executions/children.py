"""The executions that the steps of one began, each with an item beside the parent's."""

from collections.abc import Iterator

from promptpilot import keys
from promptpilot.domain.base import Model
from promptpilot.domain.execution import Execution, ExecutionStatus, Parent
from promptpilot.domain.ids import ExecutionId, WorkflowId
from promptpilot.ports.table import Create, Item, Position, Table
from promptpilot.services.executions.records import recorded

KIND = "execution_child"
_PAGE = 100


class ChildExecution(Model):
    """An execution that a step of another began: the step's path and iteration there, and how the
    execution stands.
    """

    id: ExecutionId
    workflow_id: WorkflowId
    path: str
    iteration: str | None = None
    status: ExecutionStatus


class ChildPage(Model):
    """Executions that the steps of one began, in no order that means anything."""

    items: tuple[Execution, ...]
    next: Position | None = None


def child_item(child: Execution) -> Create:
    """The operation that makes a new execution known as its parent's."""
    assert child.parent is not None
    key = keys.execution_child(child.workspace, child.parent.execution_id, child.id)
    return Create(Item(key, KIND, child.parent.model_dump_json()))


def children_page(
    workspace: str,
    parent: str,
    *,
    limit: int = _PAGE,
    after: Position | None = None,
    table: Table,
) -> ChildPage:
    """Executions that the steps of one began; at most 100 at a time."""
    key = keys.execution_child(workspace, parent)
    page = table.query(key.partition, prefix=key.sort, limit=limit, after=after)
    names = [item.key.sort.removeprefix(key.sort) for item in page.items]
    found = table.get_many([keys.execution(workspace, name) for name in names])
    items = tuple(recorded(item).execution for item in found if item is not None)
    return ChildPage(items=items, next=page.next)


def all_children(workspace: str, parent: str, *, table: Table) -> Iterator[Execution]:
    """Every execution that the steps of one began."""
    after: Position | None = None
    while True:
        page = children_page(workspace, parent, after=after, table=table)
        yield from page.items
        after = page.next
        if after is None:
            return


def shown(child: Execution) -> ChildExecution:
    """A child as its parent's readers see it."""
    assert child.parent is not None
    return ChildExecution(
        id=child.id,
        workflow_id=child.workflow_id,
        path=child.parent.path,
        iteration=iteration_of(child.parent),
        status=child.status,
    )


def iteration_of(parent: Parent) -> str | None:
    """The iteration of the step that began an execution, which its log's id ends with."""
    parts = parent.log_id.split("_", 3)
    return parts[3] if len(parts) > 3 else None
