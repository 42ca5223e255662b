"""What an execution that runs has cost so far, looked up now and then: summing takes a look at
every log.
"""

import time
from dataclasses import dataclass

from promptpilot.domain.execution import Execution
from promptpilot.domain.model import Usage
from promptpilot.ports import Table
from promptpilot.services.executions.totals import totals
from promptpilot.services.lru import LruCache

KEPT = 1_000
LEAST_SECONDS = 1.0
SHARE = 0.05
"""The most of the time that may go into summing one execution again and again."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What all steps have used and cost; the cost is None when any step's is unknown."""

    usage: Usage
    cost_micro_usd: int | None


_sums: LruCache[tuple[str, str], tuple[float, Spent]] = LruCache(KEPT)
"""By workspace and execution: until when it is good, by the steady clock, and the sum."""


def spent(execution: Execution, *, table: Table) -> Spent:
    """What an execution has used and cost: exact at its end, before that a second old at most, or
    more where there are very many logs.
    """
    if execution.status.final:
        return Spent(execution.usage, execution.cost_micro_usd)
    name = (execution.workspace, execution.id)
    known = _sums.get(name)
    started = time.monotonic()
    if known is not None and started < known[0]:
        return known[1]
    summed = totals(*name, table=table)
    found = Spent(summed.usage, summed.cost_micro_usd)
    ended = time.monotonic()
    _sums.put(name, (ended + max(LEAST_SECONDS, (ended - started) / SHARE), found), 1)
    return found
