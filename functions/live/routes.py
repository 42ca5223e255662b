"""The routes of the WebSocket API."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from functions.api import problems
from functions.live.requests import parse
from promptpilot.clock import from_epoch_ms
from promptpilot.domain.live import Connection, Ping, Subscribe, Subscription, Unsubscribe
from promptpilot.errors import PromptPilotError, Unauthenticated, Unavailable
from promptpilot.platform import current
from promptpilot.services.live import connections as live_connections
from promptpilot.services.live.connections import find_connection, subscribe, unsubscribe
from promptpilot.services.principals import principal_of

Event = Mapping[str, Any]

Answer = tuple[Mapping[str, Any], Callable[[], None]]
"""What is sent, and what is to be done then."""

SUBPROTOCOL = "promptpilot"
"""What a client must offer that offers its token as another subprotocol: a browser ends a
connection on which none of those that it offered is taken.
"""

logger = logging.getLogger(__name__)


def connect(event: Event) -> Event:
    """Take a connection whose user the authorizer vouches for."""
    context = event["requestContext"]
    here = current()
    try:
        user = (context.get("authorizer") or {}).get("user")
        if not user:
            raise Unauthenticated
        opened = from_epoch_ms(context["connectedAt"])
        connection = Connection(id=context["connectionId"], user=user, connected_at=opened)
        live_connections.connect(connection, table=here.table, live=here.live)
    except PromptPilotError as error:
        return problems.problem(error, context["requestId"])
    return {"statusCode": 200, "headers": _taken(event)}


def disconnect(event: Event) -> Event:
    """Forget a connection. API Gateway says that one ended as well as it can."""
    try:
        connection = event["requestContext"]["connectionId"]
        live_connections.disconnect(connection, table=current().table)
    except Unavailable as error:
        logger.warning("live connection not forgotten", extra={"reason": str(error)})
    return {"statusCode": 200}


def message(event: Event) -> Event:
    """Do what a client asks, and answer it on its connection."""
    context = event["requestContext"]
    told, then = _answer(event)
    answer = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    try:
        current().live.send(context["connectionId"], answer)
        then()
    except PromptPilotError as error:
        logger.warning("live answer not sent", extra={"reason": str(error)})
    return {"statusCode": 200}


def _answer(event: Event) -> Answer:
    context = event["requestContext"]
    try:
        request = parse(event)
        connection = find_connection(context["connectionId"], table=current().table)
        return _ANSWERS[type(request)](connection, request)
    except PromptPilotError as error:
        return _problem(error, context["requestId"]), _nothing
    except Exception:
        logger.exception("live request failed", extra={"request_id": context["requestId"]})
        return _problem(PromptPilotError(), context["requestId"]), _nothing


def _nothing() -> None:
    """There is nothing to do after the answer."""


def _subscribed(connection: Connection, request: Subscribe) -> Answer:
    here = current()
    if request.execution is None:
        done = subscribe(connection, request, table=here.table)
        return {"type": "subscribed", **_place(done)}, _nothing
    # The cursor is looked at first: with one that is wrong nothing is subscribed to.
    principal = principal_of(connection.user, request.workspace, table=here.table)
    here.followers.check(principal.workspace, request.execution, request.cursor)
    done = subscribe(connection, request, table=here.table)
    answer = {"type": "subscribed", **_place(done), "progress": here.followers.told}
    return answer, lambda: here.followers.follow(done, request.cursor)


def _unsubscribed(connection: Connection, request: Unsubscribe) -> Answer:
    done = unsubscribe(connection, request, table=current().table)
    current().followers.leave(done)
    return {"type": "unsubscribed", **_place(done)}, _nothing


def _pong(connection: Connection, request: Ping) -> Answer:
    return {"type": "pong"}, _nothing


_ANSWERS: Mapping[type, Callable[[Connection, Any], Answer]] = {
    Subscribe: _subscribed,
    Unsubscribe: _unsubscribed,
    Ping: _pong,
}


def _place(subscription: Subscription) -> Mapping[str, Any]:
    run = {} if subscription.run is None else {"run": subscription.run}
    return {"workspace": subscription.workspace, "execution": subscription.execution, **run}


def _problem(error: PromptPilotError, request_id: str) -> Mapping[str, Any]:
    document = json.loads(problems.problem(error, request_id)["body"])
    return {"type": "problem", "problem": document}


def _taken(event: Event) -> Mapping[str, str]:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    offered = headers.get("sec-websocket-protocol", "").split(",")
    taken = SUBPROTOCOL in map(str.strip, offered)
    return {"Sec-WebSocket-Protocol": SUBPROTOCOL} if taken else {}
