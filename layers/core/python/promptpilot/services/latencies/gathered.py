"""What a process has measured of its calls of models, until it is kept.

So that no call costs a write, what is measured waits here for the next that is measured when the
last write is long enough ago. A process that ends takes up to that long of its measurements with
it, which percentiles hardly feel.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from promptpilot.domain.latency import Histogram, bucket_of
from promptpilot.domain.model_call import ModelCall

KEPT_EVERY_SECONDS = 60.0
MOST_WORKSPACES = 1_000


class Gathered:
    """The measurements of each workspace that are not kept yet, by model."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: defaultdict[str, defaultdict[str, Counter[int]]] = defaultdict(
            lambda: defaultdict(Counter)
        )
        self._kept_at: dict[str, float] = {}

    def add(self, workspace: str, calls: Iterable[ModelCall]) -> Mapping[str, Histogram] | None:
        """Add what calls took that were answered. What is to be kept now, by model, where it is
        time; whoever is given it keeps it.
        """
        for call in calls:
            if call.error is None:
                self._counts[workspace][call.model][bucket_of(call.latency_ms)] += 1
        if workspace not in self._counts or not self._is_time(workspace):
            return None
        found = self._counts.pop(workspace)
        return {model: Histogram(counts=counts) for model, counts in found.items()}

    def _is_time(self, workspace: str) -> bool:
        now = self._clock()
        kept_at = self._kept_at.pop(workspace, None)
        is_time = kept_at is None or now - kept_at >= KEPT_EVERY_SECONDS
        self._kept_at[workspace] = now if is_time or kept_at is None else kept_at
        if len(self._kept_at) > MOST_WORKSPACES:
            del self._kept_at[next(iter(self._kept_at))]
        return is_time
