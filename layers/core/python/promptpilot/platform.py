"""The platform a process runs on: one adapter for every port."""

from dataclasses import dataclass
from typing import Protocol

from promptpilot.ports.blobs import Blobs
from promptpilot.ports.cache import Cache
from promptpilot.ports.egress import Egress
from promptpilot.ports.event_bus import EventBus, Hears, everything
from promptpilot.ports.identity import Identity
from promptpilot.ports.live import Followers, Live, PartialTexts
from promptpilot.ports.models import Models
from promptpilot.ports.offload import Offload
from promptpilot.ports.orchestrator import Orchestrator
from promptpilot.ports.rate_limiter import RateLimiter
from promptpilot.ports.scheduler import Scheduler
from promptpilot.ports.secrets import Secrets
from promptpilot.ports.step_queue import StepQueue
from promptpilot.ports.table import Table
from promptpilot.ports.waiter import Waiter


class Platform(Protocol):
    """All ports. Handlers take them from here and hand each service just those it names."""

    @property
    def table(self) -> Table: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def orchestrator(self) -> Orchestrator: ...
    @property
    def step_queue(self) -> StepQueue: ...
    @property
    def event_bus(self) -> EventBus: ...
    @property
    def waiter(self) -> Waiter: ...
    @property
    def identity(self) -> Identity: ...
    @property
    def secrets(self) -> Secrets: ...
    @property
    def scheduler(self) -> Scheduler: ...
    @property
    def live(self) -> Live: ...
    @property
    def models(self) -> Models: ...
    @property
    def cache(self) -> Cache: ...
    @property
    def rate_limiter(self) -> RateLimiter: ...
    @property
    def egress(self) -> Egress: ...
    @property
    def partial_texts(self) -> PartialTexts: ...
    @property
    def followers(self) -> Followers: ...
    @property
    def offload(self) -> Offload: ...
    @property
    def sole_worker(self) -> bool:
        """Whether this process alone runs steps, and each job once at a time. Its `offload` must
        then call in place: what a step writes is written in the order of the calls.
        """
        ...

    @property
    def hears(self) -> Hears:
        """Whether anybody is told of events of a type as things stand: those of a type that nobody
        hears need not be published.
        """
        ...

    @property
    def cursor_key(self) -> bytes:
        """Signs the cursors of lists."""
        ...

    @property
    def degraded(self) -> tuple[str, ...]:
        """The ports that do with less than what is configured, as this process last found: what
        they work with is out of reach. Asking makes no port.
        """
        ...


@dataclass(frozen=True, slots=True)
class AssembledPlatform:
    """A `Platform` whose adapters stand before its first use, as one process has them."""

    table: Table
    blobs: Blobs
    orchestrator: Orchestrator
    step_queue: StepQueue
    event_bus: EventBus
    waiter: Waiter
    identity: Identity
    secrets: Secrets
    scheduler: Scheduler
    live: Live
    models: Models
    cache: Cache
    rate_limiter: RateLimiter
    egress: Egress
    partial_texts: PartialTexts
    followers: Followers
    offload: Offload
    cursor_key: bytes
    sole_worker: bool = False
    hears: Hears = everything

    @property
    def degraded(self) -> tuple[str, ...]:
        ports: dict[str, Cache | RateLimiter] = {
            "cache": self.cache,
            "rate_limiter": self.rate_limiter,
        }
        return tuple(name for name, port in ports.items() if port.degraded)


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
