"""HTTP/1.1 as uvicorn speaks it, with bounds on what a client may take its time for, and send."""

import asyncio
import secrets
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from functions.api import problems
from functions.api.refusals import HeadersTooLarge, NotHttp
from promptpilot.errors import PromptPilotError

HEADER_SECONDS = 10.0
"""How long a client has for the request line and headers, from the connection or the first byte."""

MAX_HEADER_BYTES = 64 * 1024
"""How much may come while the headers are not complete."""


class HttpProtocol(HttpToolsProtocol):
    """A connection that is closed when its headers come too slowly or are too many."""

    header_seconds = HEADER_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._headers_pending = True
        self._header_bytes = 0
        self._header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a request soon."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; a request whose headers came whole, as nearly all do, costs no timer."""
        pending = self._headers_pending
        super().data_received(data)
        if not self._headers_pending:
            return
        if self._header_timer is None:
            self._start_timer()
        if pending:
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADER_BYTES:
                self._refuse(HeadersTooLarge(limit=MAX_HEADER_BYTES))

    def on_message_begin(self) -> None:
        """A request begins."""
        self._headers_pending = True
        self._header_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """All headers are there."""
        self._headers_pending = False
        self._stop_timer()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP."""
        self._refuse(NotHttp())

    def _refuse(self, error: PromptPilotError) -> None:
        if self.transport.is_closing():
            return
        answer = problems.problem(error, secrets.token_hex(8))
        body = answer["body"].encode()
        self.transport.write(
            STATUS_LINE[answer["statusCode"]]
            + b"content-type: application/problem+json\r\nconnection: close\r\n"
            + b"content-length: %d\r\n\r\n" % len(body)
            + body
        )
        self.transport.close()

    def _start_timer(self) -> None:
        self._header_timer = self.loop.call_later(self.header_seconds, self._give_up)

    def _stop_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _give_up(self) -> None:
        self._header_timer = None
        if not self.transport.is_closing():
            self.transport.close()
