"""Reading what the steps of executions did."""

from promptpilot import keys
from promptpilot.domain.base import Model
from promptpilot.domain.execution import ExecutionLog
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.errors import NotFound
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.table import Position, Table
from promptpilot.services.steps.logs import StoredLog, read_contents


class LogPage(Model):
    """Logs in the order of their steps in the workflow."""

    items: tuple[ExecutionLog, ...]
    next: Position | None = None


def list_logs(
    principal: Principal,
    execution: str,
    *,
    limit: int = 50,
    after: Position | None = None,
    table: Table,
    blobs: Blobs,
) -> LogPage:
    """The logs of one execution. Raises `NotFound` for one that is not in the workspace."""
    principal.require(Action.EXECUTION_READ)
    if table.get(keys.execution(principal.workspace, execution)) is None:
        raise NotFound(kind="execution", id=execution)
    partition = keys.logs(principal.workspace, execution).partition
    page = table.query(partition, limit=limit, after=after)
    stored = (StoredLog.model_validate_json(item.body) for item in page.items)
    return LogPage(items=tuple(read_contents(log, blobs=blobs) for log in stored), next=page.next)


def get_log(principal: Principal, id: str, *, table: Table, blobs: Blobs) -> ExecutionLog:
    """One log by its id, of a workflow's step or of a single run. Raises `NotFound`."""
    principal.require(Action.EXECUTION_READ)
    return load_log(principal.workspace, id, table=table, blobs=blobs)


def load_log(workspace: str, id: str, *, table: Table, blobs: Blobs) -> ExecutionLog:
    """One log by its id, without a principal: for callers that have checked already."""
    item = table.get(keys.log(workspace, id)) if keys.is_log_id(id) else None
    if item is None:
        raise NotFound(kind="log", id=id)
    return read_contents(StoredLog.model_validate_json(item.body), blobs=blobs)
