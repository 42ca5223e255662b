"""What running steps needs of the platform."""

from collections.abc import Callable
from dataclasses import dataclass

from promptpilot.ports import (
    Blobs,
    Egress,
    Live,
    Models,
    Offload,
    Orchestrator,
    PartialTexts,
    Table,
    Waiter,
)


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
