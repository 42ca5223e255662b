"""Entering into the ledger of a month what an execution, or a single run of a prompt, has cost.

An entry is written in the transaction that ends what it is of, under a key of its own: it is there
exactly once however often that is tried, and no two writers meet. Entries are folded into sums
later (`folding`).
"""

from datetime import datetime

from promptpilot import keys
from promptpilot.domain.base import Model
from promptpilot.domain.budget import month_of
from promptpilot.domain.cost_row import CostRow, Sums, rows_of
from promptpilot.domain.execution import ExecutionLog
from promptpilot.domain.ids import WorkflowId
from promptpilot.domain.log_costs import own_costs
from promptpilot.ports.table import Create, Item

KIND = "cost_entry"


class Entry(Model):
    """What has been spent, and for which workflow; None is for none."""

    workflow_id: WorkflowId | None = None
    rows: tuple[CostRow, ...]


def entries(
    workspace: str, name: str, workflow: str | None, sums: Sums, at: datetime
) -> list[Create]:
    """The operation that enters `sums` as spent at `at`, as the entry `name`; none for nothing."""
    rows = rows_of(sums)
    if not rows:
        return []
    body = Entry(workflow_id=workflow, rows=rows).model_dump_json()
    return [Create(Item(keys.cost_entry(workspace, month_of(at), name), KIND, body))]


def run_entries(log: ExecutionLog) -> list[Create]:
    """The operation that enters what a run outside of executions has cost, to be written with its
    log; none for a step's, which its execution enters.
    """
    if log.execution_id is not None or log.ended_at is None:
        return []
    return entries(log.workspace, log.id, None, own_costs(log), log.ended_at)
