"""Costs that come after the end of an execution: of a step that was under way then, whether it
called a model or ran another execution.
"""

from promptpilot.clock import now
from promptpilot.domain.execution import Execution
from promptpilot.errors import ConditionFailed, StoreUnavailable
from promptpilot.ports.table import Replace, Table
from promptpilot.services.executions.child_executions import cost_with_child
from promptpilot.services.executions.records import find_execution
from promptpilot.services.executions.totals import entered, totals
from promptpilot.services.steps.logs import read_claim

_RACES = 5


def recount(workspace: str, id: str, *, table: Table) -> None:
    """Bring what an execution that has ended says of its cost up to its logs, and those above it;
    one that goes on, or is up to them, stays as it is. Raises `StoreUnavailable`: then it is to be
    called again, which is always fine.
    """
    next_above: str | None = id
    while next_above is not None:
        execution = _recounted(workspace, next_above, table)
        if execution is None or execution.parent is None:
            return
        next_above = execution.parent.execution_id if _told(execution, table) else None


def _recounted(workspace: str, id: str, table: Table) -> Execution | None:
    """The execution as it now is; None where its end is not recorded, and counts all when it is."""
    for _ in range(_RACES):
        found = find_execution(workspace, id, table=table)
        if found is None or not found.execution.status.final:
            return None
        sums = totals(workspace, id, table=table)
        changed = found.changed(**sums.fields())
        if changed.execution == found.execution:
            return found.execution
        spent = entered(found.execution, sums, now(), changed.item.revision)
        try:
            table.write([changed.replace, *spent])
        except ConditionFailed:
            continue
        return changed.execution
    raise StoreUnavailable(reason="The execution's record is contended.")


def _told(child: Execution, table: Table) -> bool:
    """Whether the step that the execution was run for says what it has cost: it is told so now,
    where it had ended before and still is that execution's.
    """
    assert child.parent is not None
    for _ in range(_RACES):
        claimed = read_claim(child.workspace, child.parent.log_id, table=table)
        if claimed is None or claimed.log.child != child.id or not claimed.log.status.final:
            return False
        cost = cost_with_child(claimed.log, child)
        spent = {"usage": child.usage, "cost_micro_usd": cost}
        log = claimed.log.model_copy(update=spent)
        if log == claimed.log or log.replayed:
            return True
        stored = claimed.stored.model_copy(update={"log": log})
        try:
            table.write([Replace(claimed.item.next(stored.model_dump_json(exclude_none=True)))])
        except ConditionFailed:
            continue
        return True
    raise StoreUnavailable(reason="The step's log is contended.")
