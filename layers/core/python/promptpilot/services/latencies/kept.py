"""What has been measured of calls of models, kept by workspace, day and model."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.latency import Histogram, Latency, summed
from promptpilot.errors import ConditionFailed, StoreUnavailable, Unavailable
from promptpilot.ports.table import Create, Item, Replace, Table

KIND = "latency"
DAYS = 7
_KEPT_DAYS = DAYS + 1
_RACES = 5
_PAGE = 1000

logger = logging.getLogger(__name__)


def keep(workspace: str, measured: Mapping[str, Histogram], *, table: Table) -> None:
    """Add what was measured to what is kept of today. What cannot be written is lost, and logged:
    no call of a model is to fail for it.
    """
    for model, histogram in measured.items():
        try:
            _keep(workspace, model, histogram, table)
        except Unavailable:
            logger.warning("measured latencies are lost", extra={"workspace": workspace})


def latencies(workspace: str, *, table: Table) -> dict[str, Latency]:
    """How long the models' answers have taken in the last `DAYS` days, by model."""
    first = (now() - timedelta(days=DAYS - 1)).date().isoformat()
    found: dict[str, list[Histogram]] = {}
    after = None
    while True:
        page = table.query(keys.latency(workspace).partition, limit=_PAGE, after=after)
        for item in page.items:
            day, _, model = item.key.sort.partition("/")
            if day >= first:
                found.setdefault(model, []).append(Histogram.model_validate_json(item.body))
        after = page.next
        if after is None:
            return {model: Latency.of(summed(each), DAYS) for model, each in found.items()}


def _keep(workspace: str, model: str, measured: Histogram, table: Table) -> None:
    today = now()
    key = keys.latency(workspace, today.date().isoformat(), model)
    for _ in range(_RACES):
        item = table.get(key)
        before = Histogram() if item is None else Histogram.model_validate_json(item.body)
        body = summed([before, measured]).model_dump_json()
        change: Create | Replace
        if item is None:
            over = int((today + timedelta(days=_KEPT_DAYS)).timestamp())
            change = Create(Item(key, KIND, body, expires_at=over))
        else:
            change = Replace(item.next(body))
        with suppress(ConditionFailed):
            table.write([change], durable=False)
            return
    raise StoreUnavailable(reason="Today's latencies are contended.")
