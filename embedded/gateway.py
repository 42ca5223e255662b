"""What API Gateway does on AWS, for the same Lambda handlers: an ASGI application that turns HTTP
into events, asks the authorizer, calls the handler, and sends what it answers.
"""

import asyncio
import base64
import json
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from embedded.access_log import Access, AccessLog
from embedded.http_event import authorizer_event_of, event_of
from embedded.live_gateway import LiveGateway, refuse
from embedded.worker_threads import WorkerThreads
from functions.api import handler as api
from functions.api import problems
from functions.api.refusals import RequestTimedOut
from functions.api.requests import MAX_BODY_BYTES
from functions.authorizer import handler as authorizer
from promptpilot.clock import epoch_ms
from promptpilot.errors import PromptPilotError, TooLarge, Unavailable
from promptpilot.observability import Lines

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Handler = Callable[[Mapping[str, Any], object], Mapping[str, Any]]

THREADS = 256
"""Requests at once. Nearly all may be waiting (`Prefer: wait`, a password's turn); a thread costs
some 100 KB while it does. One more is told to come back.
"""

BODY_SECONDS = 30.0
"""How long a client has to send a body."""

DRAINED_BYTES = 8 * 1024 * 1024
"""How much of a body that is too large is still read, and thrown away, so that the client, which
may listen only after it has sent everything, hears why.
"""


logger = logging.getLogger(__name__)


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


class Gateway:
    """The ASGI application. `documents` are served as they are, by path, and need no handler;
    WebSockets are the business of `sockets`, and refused without it. `settle` returns when all that
    an answer may tell is on the disk.
    """

    def __init__(
        self,
        *,
        handler: Handler = api.handler,
        authorizer: Handler = authorizer.handler,
        documents: Mapping[str, Mapping[str, object]] | None = None,
        sockets: LiveGateway | None = None,
        settle: Callable[[], None] = lambda: None,
        threads: int = THREADS,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._handler = handler
        self._authorizer = authorizer
        self._documents = {path: _document(content) for path, content in (documents or {}).items()}
        self._sockets = sockets
        self._settle = settle
        self._threads = WorkerThreads(threads)
        self._body_seconds = body_seconds
        self._access_log: AccessLog | None = None

    def log_to(self, lines: Lines) -> None:
        """Write a line about each request from now on."""
        self._access_log = AccessLog(lines)

    def close(self) -> None:
        """End the threads."""
        self._threads.close()
        if self._sockets is not None:
            self._sockets.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, or serve one WebSocket."""
        if scope["type"] == "websocket":
            await (self._sockets or refuse)(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        request_id = secrets.token_hex(8)
        try:
            user, answer = await self._answer(scope, receive, request_id)
        except ClientGone:
            return
        await _send(answer, scope["method"], send)
        if self._access_log is not None:
            access = Access(
                request_id=request_id,
                method=scope["method"],
                path=scope["path"],
                status=answer["statusCode"],
                seconds=time.perf_counter() - started,
                user=user,
            )
            self._access_log.record(access)

    async def _answer(
        self, scope: Scope, receive: Receive, request_id: str
    ) -> tuple[str | None, Mapping[str, Any]]:
        document = self._documents.get(scope["path"])
        if document is not None and scope["method"] in {"GET", "HEAD"}:
            return None, {
                **document,
                "headers": {**document["headers"], api.REQUEST_ID: request_id},
            }
        try:
            body = await self._body(scope, receive)
            if self._threads.full:
                raise Unavailable(reason="The server has as many requests as it can hold.")
        except PromptPilotError as error:
            return None, _refusal(error, request_id)
        event = event_of(scope, body, request_id, epoch_ms())
        try:
            return await self._threads.run(self._handle, event)
        except asyncio.CancelledError:
            # Only a server that stops cancels, after it has waited. The work goes on, or is taken
            # up again from its record.
            return None, _refusal(Unavailable(reason="The server is stopping."), request_id)
        except PromptPilotError as error:
            return None, _refusal(error, request_id)
        except Exception:
            # The handler answers its own errors; this one is the authorizer's, or a defect.
            logger.exception("request failed", extra={"request_id": request_id})
            return None, _refusal(PromptPilotError(), request_id)

    def _handle(self, event: dict[str, Any]) -> tuple[str | None, Mapping[str, Any]]:
        user = None
        if "authorization" in event["headers"]:
            verdict = self._authorizer(authorizer_event_of(event), None)
            if verdict["isAuthorized"]:
                user = verdict["context"]["user"]
                event["requestContext"]["authorizer"] = {"lambda": verdict["context"]}
        answer = self._handler(event, None)
        self._settle()
        return user, answer

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        length = _length(scope)
        if length == 0:
            return b""
        if length is not None and length > DRAINED_BYTES:
            raise _too_large(length)
        try:
            async with asyncio.timeout(self._body_seconds):
                return await _read(receive)
        except TimeoutError as error:
            raise RequestTimedOut(seconds=self._body_seconds) from error


def _length(scope: Scope) -> int | None:
    """The size that a request says its body has; 0 where it has none, None where it does not say.

    What it says may be wrong by design or by accident, so only what comes is counted.
    """
    length: int | None = 0
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            length = int(value)
    return length


async def _read(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY_BYTES:
            chunks.append(chunk)
        elif size > DRAINED_BYTES:
            raise _too_large(None)
        if not message.get("more_body", False):
            break
    if size > MAX_BODY_BYTES:
        raise _too_large(size)
    return b"".join(chunks)


def _too_large(size: int | None) -> TooLarge:
    return TooLarge(what="A request's body", limit=MAX_BODY_BYTES, size=size)


def _refusal(error: PromptPilotError, request_id: str) -> Mapping[str, Any]:
    answer = problems.problem(error, request_id)
    answer["headers"] |= {api.REQUEST_ID: request_id, "Connection": "close"}
    return answer


def _document(content: Mapping[str, object]) -> dict[str, Any]:
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json", "Cache-Control": "public, max-age=300"},
        "body": json.dumps(content),
        "isBase64Encoded": False,
    }


async def _send(answer: Mapping[str, Any], method: str, send: Send) -> None:
    text = answer["body"]
    body = base64.b64decode(text) if answer["isBase64Encoded"] else text.encode()
    headers = [
        (name.lower().encode("latin-1"), str(value).encode("latin-1", "replace"))
        for name, value in answer["headers"].items()
    ]
    status = answer["statusCode"]
    if status not in {204, 304} and not (method == "HEAD" and not body):
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
