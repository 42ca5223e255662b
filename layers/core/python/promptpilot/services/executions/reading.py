"""Reading how executions stand."""

from promptpilot import keys
from promptpilot.domain.base import Model
from promptpilot.domain.execution import Execution, ExecutionStatus
from promptpilot.domain.ids import ExecutionId, WorkflowId
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.table import Index, Page, Position, Table
from promptpilot.ports.waiter import Waiter
from promptpilot.services.executions.children import (
    ChildExecution,
    ChildPage,
    children_page,
    shown,
)
from promptpilot.services.executions.records import (
    find_execution,
    load_execution,
    output_of,
    recorded,
)
from promptpilot.services.executions.totals import totals

SCANNED_PAGES = 10


class ExecutionView(Execution):
    """An execution as it is read: with the first hundred of those that its steps began."""

    children: tuple[ChildExecution, ...] = ()


class ExecutionFilters(Model):
    """Which executions a list shows."""

    workflow_id: WorkflowId | None = None
    status: ExecutionStatus | None = None
    parent: ExecutionId | None = None


class ExecutionPage(Model):
    """Executions, newest first; with a status filter a page may hold fewer than asked for."""

    items: tuple[Execution, ...]
    next: Position | None = None


def get_execution(principal: Principal, id: str, *, table: Table, blobs: Blobs) -> ExecutionView:
    """How an execution stands; of one that runs, what it has used so far. Raises `NotFound`."""
    principal.require(Action.EXECUTION_READ)
    execution = load_execution(principal.workspace, id, table=table).execution
    return _as_it_stands(execution, table, blobs)


def _as_it_stands(execution: Execution, table: Table, blobs: Blobs) -> ExecutionView:
    if execution.status.final:
        execution = execution.model_copy(update={"output": output_of(execution, blobs=blobs)})
    else:
        so_far = totals(execution.workspace, execution.id, table=table)
        execution = execution.model_copy(
            update={"usage": so_far.usage, "cost_micro_usd": so_far.cost_micro_usd}
        )
    return _view(execution, table)


def _view(execution: Execution, table: Table) -> ExecutionView:
    fields = {name: getattr(execution, name) for name in Execution.model_fields}
    if not execution.workflow_pins:
        return ExecutionView.model_construct(**fields)
    page = children_page(execution.workspace, execution.id, table=table)
    return ExecutionView.model_construct(**fields, children=tuple(map(shown, page.items)))


def await_execution(
    principal: Principal,
    id: str,
    seconds: float,
    *,
    table: Table,
    blobs: Blobs,
    waiter: Waiter,
) -> ExecutionView:
    """The execution as soon as it has ended, or as it stands after `seconds`."""
    principal.require(Action.EXECUTION_READ)

    last: Execution | None = None

    def ended() -> bool:
        nonlocal last
        found = find_execution(principal.workspace, id, table=table)
        last = None if found is None else found.execution
        return last is None or last.status.final

    if waiter.wait(id, ended, seconds) and last is not None:
        return _as_it_stands(last, table, blobs)
    return get_execution(principal, id, table=table, blobs=blobs)


def list_executions(
    principal: Principal,
    *,
    filters: ExecutionFilters,
    limit: int = 50,
    after: Position | None = None,
    table: Table,
) -> ExecutionPage:
    """Executions in the workspace, of one workflow, or of the steps of one execution; newest first,
    the last in no order. Large outputs are left out.
    """
    principal.require(Action.EXECUTION_READ)
    found: list[Execution] = []
    for _ in range(SCANNED_PAGES):
        page = _page(principal.workspace, filters, limit - len(found), after, table)
        found += [each for each in page.items if _matches(each, filters)]
        after = page.next
        if after is None or len(found) >= limit:
            break
    return ExecutionPage(items=tuple(found), next=after)


def _matches(execution: Execution, filters: ExecutionFilters) -> bool:
    return filters.status in {None, execution.status} and filters.workflow_id in {
        None,
        execution.workflow_id,
    }


def _page(
    workspace: str,
    filters: ExecutionFilters,
    limit: int,
    after: Position | None,
    table: Table,
) -> ExecutionPage | ChildPage:
    if filters.parent is not None:
        return children_page(workspace, filters.parent, limit=limit, after=after, table=table)
    if filters.workflow_id is None:
        index, partition = Index.GSI1, keys.executions(workspace).partition
    else:
        index, partition = Index.GSI2, keys.executions_of(workspace, filters.workflow_id).partition
    page: Page = table.query(partition, index=index, limit=limit, after=after, descending=True)
    items = tuple(recorded(item).execution for item in page.items)
    return ExecutionPage(items=items, next=page.next)
