"""The embedded platform: every port served from one process and one data folder."""

from collections.abc import Callable
from pathlib import Path

from embedded.blobs import FolderBlobs
from embedded.database import Database
from embedded.engine.engine import Engine
from embedded.engine.queue import EngineQueue
from embedded.event_bus import LocalEventBus
from embedded.followers import LocalFollowers
from embedded.housekeeping import Periodic, housekeeping
from embedded.identity import LocalIdentity
from embedded.in_turn import InTurn
from embedded.key_file import make_key, read_key
from embedded.live import LocalLive
from embedded.local_model import LocalModel
from embedded.partial_texts import LocalPartialTexts
from embedded.scheduler import SqliteScheduler
from embedded.secrets import FileSecrets
from embedded.table import SqliteTable
from embedded.waiter import LocalWaiter
from functions.abandoned_steps.handler import handler as abandoned_steps
from functions.api.progress_ports import progress_ports
from functions.execution_events.handler import EVENT_TYPES
from functions.execution_events.handler import handle as execution_events
from functions.live.handler import handler as live_events
from functions.step_worker.handler import handle as step_worker
from promptpilot import platform
from promptpilot.adapters.egress.client import AiohttpEgress
from promptpilot.adapters.memory.rate_limiter import MemoryRateLimiter
from promptpilot.adapters.models.model_lists import ModelLists
from promptpilot.adapters.models.registry import ModelRegistry
from promptpilot.adapters.table.cache import TableCache
from promptpilot.adapters.valkey.cache import ValkeyCache
from promptpilot.adapters.valkey.rate_limiter import ValkeyRateLimiter
from promptpilot.adapters.valkey.server import ValkeyServer
from promptpilot.domain.egress_opened import Opened
from promptpilot.domain.execution import parse_machine_name
from promptpilot.domain.progress import progress_subject
from promptpilot.platform import AssembledPlatform
from promptpilot.settings import Settings

DATABASE = "promptpilot.db"
CURSOR_KEY = "cursor.key"
CURSOR_KEY_BYTES = 32
GRACE_SECONDS = 10.0
VALKEY_PREFIX = "promptpilot"


class EmbeddedPlatform:
    """The adapters of one data folder, wired; `start` recovers and runs, `close` stops."""

    def __init__(self, settings: Settings, *, with_model: bool) -> None:
        data = settings.data
        data.mkdir(parents=True, exist_ok=True)
        self.database = Database(data / DATABASE)
        self._local_model = LocalModel(data) if with_model else None
        vault = FileSecrets(self.database, data)
        self._models = ModelRegistry(
            settings.custom_models,
            self._local_model,
            secrets=vault,
            vendors=settings,
            lists=ModelLists(self._soon),
        )
        table = SqliteTable(self.database)
        offload = InTurn(self.database)
        valkey = _valkey(settings)
        self._engine = Engine(
            self.database,
            worker=step_worker,
            on_status=execution_events,
            on_abandoned=abandoned_steps,
            repeats_alike=True,
            offload=offload,
            on_progress=lambda name: self._waiter.announce(_progress_of(name)),
        )
        self._engine.at_stop(self._models.close)
        if valkey is not None:
            self._engine.at_stop(valkey.close)
        self._identity = LocalIdentity(self.database, data)
        self.live = LocalLive(self.database.settle)
        self._followers = LocalFollowers(self.live, lambda: progress_ports(self.ports))
        self._waiter = LocalWaiter(overhear=self._followers.hint)
        bus = LocalEventBus(
            dict.fromkeys(EVENT_TYPES, (execution_events,)),
            everything=self.live.while_open(live_events),
        )
        scheduler = SqliteScheduler(self.database, bus)
        self._on_the_side: tuple[Periodic | SqliteScheduler | LocalFollowers, ...] = (
            self._followers,
            *housekeeping(table, bus),
            scheduler,
        )
        self.ports = AssembledPlatform(
            table=table,
            blobs=FolderBlobs(data / "blobs"),
            orchestrator=self._engine,
            step_queue=EngineQueue(self._engine),
            event_bus=bus,
            waiter=self._waiter,
            identity=self._identity,
            secrets=vault,
            scheduler=scheduler,
            live=self.live,
            models=self._models,
            # Of the table rather than of memory: answers that are kept have cost money.
            cache=TableCache(table, offload) if valkey is None else ValkeyCache(valkey),
            rate_limiter=MemoryRateLimiter() if valkey is None else ValkeyRateLimiter(valkey),
            egress=AiohttpEgress(Opened.read(settings.egress_allow)),
            partial_texts=LocalPartialTexts(
                announce=self._waiter.announce, wanted=self._followers.follows
            ),
            followers=self._followers,
            offload=offload,
            cursor_key=_cursor_key(data / CURSOR_KEY),
            sole_worker=True,
            hears=bus.hears,
        )

    def _soon(self, call: Callable[[], None]) -> bool:
        """Call on the engine's event loop; False where it does not run."""
        return self._engine.on_loop(call)

    @property
    def jwks(self) -> dict[str, object]:
        """The public keys that verify this platform's access tokens (RFC 7517)."""
        return self._identity.jwks

    def start(self) -> None:
        """Make this the process's platform and go on with every execution that has not ended."""
        platform.install(self.ports)
        if self._local_model is not None:
            self._local_model.start()
        self._engine.start_up()
        for job in self._on_the_side:
            job.start()

    def close(self) -> None:
        """Let running steps finish for a while, then stop everything. Nothing durable is lost."""
        for job in self._on_the_side:
            job.close()
        self._engine.shut_down(GRACE_SECONDS)
        if self._local_model is not None:
            self._local_model.close()
        self.database.close()
        platform.install(None)


def _progress_of(name: str) -> str:
    """What is announced when the history of the execution of that machine's name has grown."""
    return progress_subject(parse_machine_name(name)[1])


def _valkey(settings: Settings) -> ValkeyServer | None:
    url = settings.valkey_url
    return None if url is None else ValkeyServer(url, prefix=VALKEY_PREFIX)


def _cursor_key(path: Path) -> bytes:
    key = read_key(path, CURSOR_KEY_BYTES)
    if key is None:
        make_key(path, CURSOR_KEY_BYTES)
        key = read_key(path, CURSOR_KEY_BYTES)
    assert key is not None
    return key
