"""Live connections and what they listen to.

Nothing here is flushed to the disk: a loss of power ends the connections themselves.
"""

import logging

from promptpilot import keys
from promptpilot.domain.live import Connection, Subscribe, Subscription, Unsubscribe
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.errors import Conflict, NotFound, Unavailable
from promptpilot.ports.live import Live
from promptpilot.ports.table import Delete, Index, Item, Key, Put, Table
from promptpilot.services.principals import principal_of

logger = logging.getLogger(__name__)

LIFETIME_SECONDS = 2 * 3600
"""How long a connection may live (API Gateway's limit), and what we know of it."""

CONNECTIONS_PER_USER = 20
SUBSCRIPTIONS_PER_CONNECTION = 50
SUBSCRIPTIONS_PER_WORKSPACE = 500
"""Bounds of what one event costs at most. Many at the same moment may go over by a few."""


def connect(connection: Connection, *, table: Table, live: Live) -> None:
    """Remember a connection whose user has been vouched for. Of too many, the oldest are closed:
    they may be those of clients that vanished without a word.
    """
    connected_at = connection.connected_at.isoformat(timespec="milliseconds")
    item = Item(
        key=keys.connection(connection.id),
        kind="connection",
        body=connection.model_dump_json(),
        gsi1=keys.user_connections(connection.user, connected_at, connection.id),
        expires_at=_ends_at(connection),
    )
    table.write([Put(item)], durable=False)
    partition = keys.user_connections(connection.user).partition
    newest = table.query(
        partition, index=Index.GSI1, limit=2 * CONNECTIONS_PER_USER, descending=True
    )
    for old in newest.items[CONNECTIONS_PER_USER:]:
        _close(Connection.model_validate_json(old.body).id, table=table, live=live)


def disconnect(connection: str, *, table: Table) -> None:
    """Forget a connection and its subscriptions; one that is not known is fine. A subscription made
    a moment ago may not be in the index yet: the first event that is pushed to it ends it.
    """
    listened = table.query(
        keys.listened(connection).partition,
        index=Index.GSI1,
        limit=SUBSCRIPTIONS_PER_CONNECTION + 1,
    )
    known = [keys.connection(connection), *(item.key for item in listened.items)]
    table.write([Delete(key) for key in known], durable=False)


def find_connection(id: str, *, table: Table) -> Connection:
    """The connection of that id. Raises `NotFound` for one that has ended."""
    item = table.get(keys.connection(id))
    if item is None:
        raise NotFound(kind="connection", id=id)
    return Connection.model_validate_json(item.body)


def subscribe(connection: Connection, request: Subscribe, *, table: Table) -> Subscription:
    """Let the connection listen; again is fine.

    Raises `NotFound` for a workspace that its user is no member of and for an execution that is not
    there, `Conflict` where there are too many subscriptions.
    """
    principal = principal_of(connection.user, request.workspace, table=table)
    principal.require(Action.EXECUTION_READ)
    subscription = _subscription(connection, principal, request)
    if request.execution is not None:
        place = keys.execution(principal.workspace, request.execution)
        if table.get(place) is None:
            raise NotFound(kind="execution", id=request.execution)
    if request.run is not None and table.get(keys.run(principal.workspace, request.run)) is None:
        raise NotFound(kind="run", id=request.run)
    item = Item(
        key=_key(subscription),
        kind="subscription",
        body=subscription.model_dump_json(),
        gsi1=keys.listened(connection.id, principal.workspace, _watched(subscription)),
        expires_at=_ends_at(connection),
    )
    if table.get(item.key) is None:
        _require_room(subscription, table)
    table.write([Put(item)], durable=False)
    return subscription


def unsubscribe(connection: Connection, request: Unsubscribe, *, table: Table) -> Subscription:
    """Let the connection listen no more; what it did not listen to is fine. Raises `NotFound` for a
    workspace that its user is no member of.
    """
    principal = principal_of(connection.user, request.workspace, table=table)
    subscription = _subscription(connection, principal, request)
    table.write([Delete(_key(subscription))], durable=False)
    return subscription


def _close(connection: str, *, table: Table, live: Live) -> None:
    try:
        live.close(connection)
    except Unavailable as error:
        logger.warning("live connection not closed", extra={"reason": str(error)})
    else:
        disconnect(connection, table=table)


def _require_room(wanted: Subscription, table: Table) -> None:
    mine = table.query(
        keys.listened(wanted.connection).partition,
        index=Index.GSI1,
        limit=SUBSCRIPTIONS_PER_CONNECTION,
    )
    if len(mine.items) == SUBSCRIPTIONS_PER_CONNECTION:
        reason = f"A connection may have at most {SUBSCRIPTIONS_PER_CONNECTION} subscriptions."
        raise Conflict(reason=reason)
    partition = keys.listening(wanted.workspace, wanted.connection).partition
    page = table.query(partition, limit=SUBSCRIPTIONS_PER_WORKSPACE)
    if len(page.items) == SUBSCRIPTIONS_PER_WORKSPACE:
        reason = f"A workspace may have at most {SUBSCRIPTIONS_PER_WORKSPACE} live subscriptions."
        raise Conflict(reason=reason)


def _subscription(
    connection: Connection, principal: Principal, request: Subscribe | Unsubscribe
) -> Subscription:
    return Subscription(
        connection=connection.id,
        user=connection.user,
        workspace=principal.workspace,
        execution=request.execution,
        run=request.run,
    )


def _key(subscription: Subscription) -> Key:
    return keys.listening(subscription.workspace, subscription.connection, _watched(subscription))


def _watched(subscription: Subscription) -> str:
    return subscription.execution or subscription.run or ""


def _ends_at(connection: Connection) -> int:
    return int(connection.connected_at.timestamp()) + LIFETIME_SECONDS
