"""What API Gateway's WebSocket API does on AWS, for the same Lambda handlers: an ASGI application
that turns sockets into events, asks the authorizer, and keeps API Gateway's limits.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from embedded.live import LocalLive, Outgoing
from embedded.websocket_event import Handshake, allowed
from embedded.worker_threads import WorkerThreads
from functions.api import problems
from functions.api.refusals import PathUnknown
from functions.authorizer import handler as authorizer
from functions.live import handler as live_handler
from promptpilot.errors import PromptPilotError, Unauthenticated, Unavailable

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Event = Mapping[str, Any]
Handler = Callable[[Event, object], Event]

PATHS = frozenset({"/live", "/api/live"})
IDLE_SECONDS = 600.0
LIFETIME_SECONDS = 7_200.0
MAX_CONNECTIONS = 1_000
THREADS = 8

GOING_AWAY = 1001
"""The close code of a connection that was idle, or has lived long enough (RFC 6455, 7.4.1)."""

logger = logging.getLogger(__name__)


class LiveGateway:
    """The ASGI application of WebSockets; those that it takes can be reached through `live`."""

    def __init__(
        self,
        live: LocalLive,
        *,
        handler: Handler = live_handler.handler,
        authorizer: Handler = authorizer.handler,
        idle_seconds: float = IDLE_SECONDS,
        lifetime_seconds: float = LIFETIME_SECONDS,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        self._live = live
        self._handler = handler
        self._authorizer = authorizer
        self._idle_seconds = idle_seconds
        self._lifetime_seconds = lifetime_seconds
        self._max_connections = max_connections
        self._taken = 0
        self._threads = WorkerThreads(THREADS)

    def close(self) -> None:
        """End the threads."""
        self._threads.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket from its handshake to its end."""
        handshake = Handshake(scope)
        self._taken += 1
        try:
            await receive()  # the handshake, or that the client has left it
            answer = await self._open(handshake)
            if answer["statusCode"] != 200:
                await _refuse(answer, send)
                return
            await self._serve(handshake, answer, receive, send)
        finally:
            self._taken -= 1

    async def _open(self, handshake: Handshake) -> Event:
        """What `$connect` answers, or why it is not asked."""
        request_id = secrets.token_hex(8)
        try:
            self._require_room(handshake.scope["path"])
            handshake.authorizer = await self._vouched_for(handshake)
            return await self._call(self._handler, handshake.connect_event())
        except PromptPilotError as error:
            return problems.problem(error, request_id)
        except Exception:
            logger.exception("connecting failed", extra={"request_id": request_id})
            return problems.problem(PromptPilotError(), request_id)

    def _require_room(self, path: str) -> None:
        if path not in PATHS:
            raise PathUnknown
        if self._taken > self._max_connections:
            raise Unavailable(reason="The server has as many connections as it can hold.")

    async def _vouched_for(self, handshake: Handshake) -> Event:
        """What the authorizer says of the client. Raises `Unauthenticated` where it refuses."""
        verdict = await self._call(self._authorizer, handshake.authorizer_event())
        if not allowed(verdict):
            raise Unauthenticated
        context: Event = verdict["context"]
        return context

    async def _serve(
        self, handshake: Handshake, answer: Event, receive: Receive, send: Send
    ) -> None:
        outgoing = Outgoing()
        self._live.add(handshake.connection, outgoing)
        try:
            protocol = answer.get("headers", {}).get("Sec-WebSocket-Protocol")
            await send({"type": "websocket.accept", "subprotocol": protocol})
            code = await self._converse(handshake, outgoing, receive, send)
            if code is not None:
                await send({"type": "websocket.close", "code": code})
        except OSError:
            pass  # uvicorn's word for a client that is gone
        finally:
            self._live.remove(handshake.connection)
            await self._tell(handshake.disconnect_event())

    async def _converse(
        self, handshake: Handshake, outgoing: Outgoing, receive: Receive, send: Send
    ) -> int | None:
        """Until either side has enough. Returns with which code to close; None to just stop."""
        idle = _Idle(self._idle_seconds, self._lifetime_seconds)

        async def listen() -> int | None:
            while (message := await receive())["type"] == "websocket.receive":
                idle.stir()
                await self._tell(handshake.message_event(message))
            return None

        async def speak() -> int | None:
            while (message := await outgoing.take()) is not None:
                await send({"type": "websocket.send", "text": message})
                idle.stir()
            return outgoing.close_code

        return await _first(listen(), speak(), idle.wait(), outgoing.cut())

    async def _tell(self, event: Event) -> None:
        """Call the handler for what it does; nobody waits for what it answers."""
        try:
            await self._call(self._handler, event)
        except Exception:
            route = event["requestContext"]["routeKey"]
            logger.exception("live handler failed", extra={"route": route})

    async def _call(self, handler: Handler, event: Event) -> Event:
        return await self._threads.run(handler, event, None)


class _Idle:
    """The end of a connection by time; monotonic seconds."""

    def __init__(self, idle_seconds: float, lifetime_seconds: float) -> None:
        self._now = asyncio.get_running_loop().time
        self._idle_seconds = idle_seconds
        self._ends = self._now() + lifetime_seconds
        self.stir()

    def stir(self) -> None:
        """Something was sent or came."""
        self._idle_at = self._now() + self._idle_seconds

    async def wait(self) -> int | None:
        """Return once nothing has happened for too long, or the connection is too old."""
        while (  # noqa: ASYNC110  the end moves while this sleeps
            left := min(self._idle_at, self._ends) - self._now()
        ) > 0:
            await asyncio.sleep(left)
        return GOING_AWAY


async def _first(*calls: Awaitable[int | None]) -> int | None:
    """The result of the call that ends first; the others are cancelled."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return done.pop().result()


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Take no WebSocket at all."""
    await _refuse(problems.problem(PathUnknown(), secrets.token_hex(8)), send)


async def _refuse(answer: Event, send: Send) -> None:
    headers = [
        (name.lower().encode("latin-1"), str(value).encode("latin-1", "replace"))
        for name, value in answer.get("headers", {}).items()
    ]
    body = answer.get("body", "").encode()
    headers.append((b"content-length", b"%d" % len(body)))
    status = answer["statusCode"]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
