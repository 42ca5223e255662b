"""What running steps needs of the platform."""

from collections.abc import Callable
from dataclasses import dataclass

from promptpilot.ports.blobs import Blobs
from promptpilot.ports.egress import Egress
from promptpilot.ports.live import Live, PartialTexts
from promptpilot.ports.models import Models
from promptpilot.ports.offload import Offload
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.table import Table
from promptpilot.ports.waiter import Waiter


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of a worker; each kind of step uses some of them."""

    table: Table
    blobs: Blobs
    models: Models
    orchestrator: Orchestrator
    waiter: Waiter
    egress: Egress
    partial_texts: PartialTexts
    live: Callable[[], Live] | None
    """Where the worker itself tells live connections what models say."""
    offload: Offload
    sole_worker: bool = False
    """Whether nobody but this process runs steps of this table, each job once at a time."""
