"""The HTTP server: uvicorn on uvloop, started and stopped by us."""

import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

import uvicorn

from embedded.gateway import Gateway
from embedded.http_protocol import HttpProtocol
from embedded.log_lines import json_logs
from embedded.websocket_protocol import WebSocketProtocol
from promptpilot.live_message import MAX_MESSAGE_BYTES

GRACE_SECONDS = 10.0
"""How long requests that are under way may take to end once the server stops."""

KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

logger = logging.getLogger(__name__)


def serve(
    gateway: Gateway,
    *,
    host: str,
    port: int,
    on_ready: Callable[[str], None],
    on_stop: Callable[[], None] = lambda: None,
    grace_seconds: float = GRACE_SECONDS,
    log: TextIO = sys.stderr,
) -> None:
    """Serve until SIGTERM or SIGINT: then take no more requests, let those under way end, and
    return. A second signal does not wait. `on_stop` is called at the end, whatever it is.

    `on_ready` gets the URL once requests are taken. Port 0 takes any that is free. Every logger of
    the process writes to `log` meanwhile. Raises `OSError` where the address cannot be had.
    """
    with json_logs(log) as lines:
        gateway.log_to(lines)
        try:
            HttpServer(gateway, host=host, port=port, grace_seconds=grace_seconds).run(on_ready)
        finally:
            on_stop()


class HttpServer:
    """One server on one address. `run` serves; `stop` may be called from any thread."""

    def __init__(
        self, gateway: Gateway, *, host: str, port: int, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        self._gateway = gateway
        config = uvicorn.Config(
            gateway,
            http=HttpProtocol,
            loop="uvloop",
            ws=WebSocketProtocol,
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_per_message_deflate=False,  # a few bytes may inflate to far more than a message
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=max(1, round(grace_seconds)),
        )
        shown = f"[{host}]" if family == socket.AF_INET6 else host
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}"
        self._server = _Server(config)

    def run(self, on_ready: Callable[[str], None]) -> None:
        """Serve until stopped."""
        self._server.on_started = lambda: on_ready(self.url)
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()
            self._gateway.close()

    def stop(self) -> None:
        """Begin to stop."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    """Uvicorn's, which says when it has started, and whose signals end it and nothing else: its own
    would be raised again at the end, before the platform has been closed.
    """

    on_started: Callable[[], None]
    stopped_by: str | None = None
    """The signal that has ended it, by name."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take requests, then say so."""
        await super().startup(sockets)
        if self.started:
            self.on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, and let those under way end."""
        logger.info("stopping", extra={"signal": self.stopped_by})
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal, where signals can be had."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self._on_signal) for each in STOP_SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        # Nothing that takes a lock: the thread that was interrupted may hold it.
        self.stopped_by = signal.Signals(number).name
        self.force_exit = self.should_exit
        self.should_exit = True
