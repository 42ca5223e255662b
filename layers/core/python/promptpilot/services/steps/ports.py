"""What running steps needs of the platform."""

from collections.abc import Callable
from dataclasses import dataclass, field

from promptpilot.ports.blobs import Blobs
from promptpilot.ports.cache import Cache
from promptpilot.ports.egress import Egress
from promptpilot.ports.event_bus import Hears, everything
from promptpilot.ports.live import Live, PartialTexts
from promptpilot.ports.models import Models
from promptpilot.ports.offload import Offload
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.rate_limiter import RateLimiter
from promptpilot.ports.table import Table
from promptpilot.ports.waiter import Waiter
from promptpilot.services.asking.breaker import Breakers
from promptpilot.services.latencies.gathered import Gathered


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of a worker; each kind of step uses some of them."""

    table: Table
    blobs: Blobs
    models: Models
    cache: Cache
    rate_limiter: RateLimiter
    orchestrator: Orchestrator
    waiter: Waiter
    egress: Egress
    partial_texts: PartialTexts
    live: Callable[[], Live]
    """Made when it is first needed."""
    offload: Offload
    followed: bool = False
    """Whether who follows an execution is told of it without the worker."""
    breakers: Breakers = field(default_factory=Breakers)
    """As long-lived as these ports: what they have met of models that fail."""
    measured: Gathered = field(default_factory=Gathered)
    """Likewise: how long models took, until it is kept."""
    sole_worker: bool = False
    """Whether nobody but this process runs steps of this table, each job once at a time."""
    hears: Hears = everything
