"""WebSockets as uvicorn speaks them, with bounds on what a client may leave unread."""

import asyncio
from typing import Any

from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto.events import Ping

UNREAD_SECONDS = 10.0
"""How long a client may read nothing at all while the server has something for it."""

CLOSE_SECONDS = 1.0
"""How long a client has to take the last bytes when the server stops."""


class WebSocketProtocol(WSProtocol):
    """A connection that is cut when its client does not read."""

    unread_seconds = UNREAD_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unread: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """The client reads more slowly than the server writes."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        self._stop_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing can be cut any more."""
        self._stop_timer()
        super().connection_lost(exc)

    def handle_ping(self, event: Ping) -> None:
        """Answer, but not a client that lets the answers pile up."""
        if self.writable.is_set():
            super().handle_ping(event)

    def shutdown(self) -> None:
        """The server stops, whether the client reads or not."""
        super().shutdown()
        self._stop_timer()
        self._unread = self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def _stop_timer(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
