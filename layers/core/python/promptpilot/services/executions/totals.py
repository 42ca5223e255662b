"""What an execution's steps have used and cost, summed from their logs: the ledger has no other
book.
"""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from promptpilot import keys
from promptpilot.domain.execution import LogStatus
from promptpilot.domain.model import Usage
from promptpilot.ports.table import Table

PAGE = 1000


class Counted(BaseModel):
    """What of a log counts here: a fraction of it, and of what reading the whole would take."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    status: LogStatus
    cached: bool = False
    usage: Usage | None = None
    cost_micro_usd: int | None = None


class _Stored(BaseModel):
    """See `steps.logs.StoredLog`."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    log: Counted


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all logs; the cost is in micro-US-dollars and None when any step's is unknown."""

    usage: Usage
    cost_micro_usd: int | None


def totals(workspace: str, execution: str, *, table: Table) -> Totals:
    """The totals of one execution as of now."""
    usage, cost, unknown = Usage(), 0, False
    partition = keys.logs(workspace, execution).partition
    after = None
    while True:
        page = table.query(partition, limit=PAGE, after=after)
        for item in page.items:
            log = _Stored.model_validate_json(item.body).log
            if not log.cached:  # what an answer of before took, was counted then
                usage += log.usage or Usage()
            cost += log.cost_micro_usd or 0
            unknown |= log.status is LogStatus.SUCCEEDED and log.cost_micro_usd is None
        after = page.next
        if after is None:
            return Totals(usage, None if unknown else cost)
