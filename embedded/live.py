"""The `Live` of the embedded platform: the WebSockets of its own server."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence

from embedded.event_bus import Handler
from promptpilot.live_message import MAX_MESSAGE_BYTES, message_bytes

MAX_WAITING_BYTES = 8 * MAX_MESSAGE_BYTES
"""How much may wait for one client; one that reads more slowly than that is closed."""

NORMAL = 1000
"""The close code of a connection that was ended on purpose (RFC 6455, 7.4.1)."""


class Outgoing:
    """What waits to be sent to one client. Anybody may put; one task of the loop takes."""

    def __init__(self, max_bytes: int = MAX_WAITING_BYTES) -> None:
        self._loop = asyncio.get_running_loop()
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._messages: deque[tuple[str, int]] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._cut = asyncio.Event()
        self._ended = False
        self.close_code: int | None = None
        """With what the client is to be told of the end, once there is one; None to tell nothing,
        where it does not read.
        """

    def put(self, message: str, size: int) -> bool:
        """Add a message of `size` bytes. False where the connection has ended, or ends since the
        client lets too much wait.
        """
        with self._lock:
            if self._ended:
                return False
            if self._bytes + size > self._max_bytes:
                self._end()
                return False
            self._messages.append((message, size))
            self._bytes += size
            self._tell(self._arrived)
            return True

    @property
    def waiting_bytes(self) -> int:
        """How much waits."""
        return self._bytes

    def close(self) -> None:
        """End the connection once what waits has been sent; the first end counts."""
        with self._lock:
            if not self._ended:
                self._ended = True
                self.close_code = NORMAL
                self._tell(self._arrived)

    def end(self) -> None:
        """Take nothing more, and throw away what waits."""
        with self._lock:
            self._end()

    async def cut(self) -> None:
        """Return once what waits was thrown away, which whoever sends may not come to see."""
        await self._cut.wait()

    async def take(self) -> str | None:
        """The next message; None at the end."""
        while True:
            self._arrived.clear()
            with self._lock:
                if self._messages:
                    message, size = self._messages.popleft()
                    self._bytes -= size
                    return message
                if self._ended:
                    return None
            await self._arrived.wait()

    def _end(self) -> None:
        self._ended = True
        self._messages.clear()
        self._bytes = 0
        self._tell(self._cut)
        self._tell(self._arrived)

    def _tell(self, event: asyncio.Event) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(event.set)


class LocalLive:
    """A `Live` of the connections that the server has added. `settle` returns when all that a
    message may tell is on the disk.
    """

    def __init__(self, settle: Callable[[], None] = lambda: None) -> None:
        self._settle = settle
        self._open: dict[str, Outgoing] = {}

    def __len__(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def while_open(self, handler: Handler) -> Callable[[], Sequence[Handler]]:
        """For `LocalEventBus`: the handler, as long as there is a connection at all. Until then no
        event costs anything.
        """
        return lambda: (handler,) if self._open else ()

    def add(self, connection: str, outgoing: Outgoing) -> None:
        """A connection has been opened."""
        self._open[connection] = outgoing

    def remove(self, connection: str) -> None:
        """A connection has ended."""
        outgoing = self._open.pop(connection, None)
        if outgoing is not None:
            outgoing.end()

    def send(self, connection: str, message: str) -> bool:
        """See `Live.send`. Waits for nothing but the disk. Raises `TooLarge` for a message of more
        than 128 KiB.
        """
        self._settle()
        size = len(message_bytes(message))
        outgoing = self._open.get(connection)
        return outgoing is not None and outgoing.put(message, size)

    def waiting_bytes(self, connection: str) -> int:
        """How much waits to be sent on a connection; nothing on one that is gone."""
        outgoing = self._open.get(connection)
        return 0 if outgoing is None else outgoing.waiting_bytes

    def close(self, connection: str) -> None:
        """See `Live.close`."""
        outgoing = self._open.get(connection)
        if outgoing is not None:
            outgoing.close()
