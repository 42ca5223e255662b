"""What an execution that runs has cost so far, looked up now and then: summing takes a look at
every log.
"""

import time

from promptpilot.domain.cost_row import sums_of
from promptpilot.domain.execution import Execution
from promptpilot.ports.table import Table
from promptpilot.services.executions.totals import Totals, totals
from promptpilot.services.lru import LruCache

KEPT = 1_000
LEAST_SECONDS = 1.0
SHARE = 0.05
"""The most of the time that may go into summing one execution again and again."""


_sums: LruCache[tuple[str, str], tuple[float, Totals]] = LruCache(KEPT)
"""By workspace and execution: until when it is good, by the steady clock, and the sum."""


def spent(execution: Execution, *, table: Table) -> Totals:
    """What an execution has used and cost: exact at its end, before that a second old at most, or
    more where there are very many logs.
    """
    if execution.status.final:
        return Totals(execution.usage, execution.cost_micro_usd, sums_of(execution.costs))
    name = (execution.workspace, execution.id)
    known = _sums.get(name)
    started = time.monotonic()
    if known is not None and started < known[0]:
        return known[1]
    found = totals(*name, table=table)
    ended = time.monotonic()
    _sums.put(name, (ended + max(LEAST_SECONDS, (ended - started) / SHARE), found), 1)
    return found
