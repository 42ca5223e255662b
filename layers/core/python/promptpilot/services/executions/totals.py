"""What an execution's steps have used and cost, summed from their logs: the ledger has no other
book.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from promptpilot import keys
from promptpilot.domain.cost_row import Asker, Spent, Sums, added, difference, rows_of, sums_of
from promptpilot.domain.execution import Execution
from promptpilot.domain.log_costs import Counted, own_costs, used, whole_cost
from promptpilot.domain.model import Usage
from promptpilot.ports.table import Operation, Table
from promptpilot.services.ledger.entries import entries

PAGE = 1000


class _Stored(BaseModel):
    """See `steps.logs.StoredLog`."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    log: Counted


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all logs; the cost is in micro-US-dollars and None when any step's is unknown.

    `own` is what the execution's own steps have cost, without what it began elsewhere.
    """

    usage: Usage
    cost_micro_usd: int | None
    own: Sums

    def fields(self) -> dict[str, Any]:
        """What an execution that ends so says of itself."""
        return {
            "usage": self.usage,
            "cost_micro_usd": self.cost_micro_usd,
            "costs": rows_of(self.own),
        }


def totals(workspace: str, execution: str, *, table: Table) -> Totals:
    """The totals of one execution as of now."""
    usage, whole, own = Usage(), Spent(), dict[Asker, Spent]()
    partition = keys.logs(workspace, execution).partition
    after = None
    while True:
        page = table.query(partition, limit=PAGE, after=after)
        for item in page.items:
            log = _Stored.model_validate_json(item.body).log
            usage += used(log)
            whole = whole.plus(whole_cost(log))
            own = added(own, own_costs(log))
        after = page.next
        if after is None:
            cost = None if whole.unknown_calls else whole.cost_micro_usd
            return Totals(usage, cost, own)


def entered(execution: Execution, sums: Totals, at: datetime, revision: int) -> list[Operation]:
    """The operation that enters into the ledger what the execution has cost since it last was, to
    be written with what makes the sums its own. `revision` is the record's then.
    """
    new = difference(sums.own, sums_of(execution.costs))
    name = f"{execution.id}/{revision}"
    return [*entries(execution.workspace, name, execution.workflow_id, new, at)]
