"""The platform a process runs on: one adapter for every port."""

from dataclasses import dataclass

from promptpilot.ports import (
    Blobs,
    EventBus,
    Identity,
    Models,
    Offload,
    Orchestrator,
    StepQueue,
    Table,
    Waiter,
)


@dataclass(frozen=True, slots=True)
class Platform:
    """All ports. Handlers take them from here and hand each service just those it names."""

    table: Table
    blobs: Blobs
    orchestrator: Orchestrator
    step_queue: StepQueue
    event_bus: EventBus
    waiter: Waiter
    identity: Identity
    models: Models
    offload: Offload
    cursor_key: bytes
    """Signs the cursors of lists."""


_current: Platform | None = None


def install(platform: Platform | None) -> None:
    """Make `platform` the one that handlers of this process use."""
    global _current
    _current = platform


def current() -> Platform:
    """The installed platform. Raises `RuntimeError` before `install`."""
    if _current is None:
        raise RuntimeError("no platform is installed in this process")
    return _current
