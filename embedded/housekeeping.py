"""What the process does on the side: relay the outbox, sweep what has expired."""

import logging
import threading
from collections.abc import Callable

from embedded.table import SqliteTable
from promptpilot.errors import Unavailable
from promptpilot.ports.event_bus import EventBus
from promptpilot.ports.table import MAX_WRITE_OPERATIONS
from promptpilot.services.outbox_relay import relay

logger = logging.getLogger(__name__)

RELAY_SECONDS = 0.5
SWEEP_SECONDS = 60.0
SWEEP_LIMIT = 1_000


def relay_outbox(table: SqliteTable, bus: EventBus) -> int:
    """Publish the oldest events of the outbox and then remove them; returns how many are done with.

    A crash between the two publishes them again: at least once. What cannot be published is kept
    under another kind, out of the way, for as long as an event would have been.
    """
    items = table.pending_outbox(MAX_WRITE_OPERATIONS)
    relayed = relay(items, bus=bus)
    if relayed.done:
        table.relayed(relayed.done, relayed.unpublishable)
    return relayed.done


class Periodic:
    """A thread that calls a job every `seconds`, and at once again while the job returns True."""

    def __init__(self, name: str, seconds: float, job: Callable[[], bool]) -> None:
        self._seconds = seconds
        self._job = job
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Finish the present call and end the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                again = self._job()
            except Unavailable as error:
                logger.warning("housekeeping put off: %s", error)
                again = False
            except Exception:
                # A mistake of one job must not end it for good: nobody would start it again.
                logger.exception("housekeeping failed")
                again = False
            if not again:
                self._stop.wait(self._seconds)


def housekeeping(table: SqliteTable, bus: EventBus) -> tuple[Periodic, ...]:
    """The periodic jobs of an embedded platform, not yet started."""
    return (
        Periodic(
            "outbox-relay",
            RELAY_SECONDS,
            lambda: relay_outbox(table, bus) == MAX_WRITE_OPERATIONS,
        ),
        Periodic("sweep", SWEEP_SECONDS, lambda: table.sweep(SWEEP_LIMIT) == SWEEP_LIMIT),
    )
