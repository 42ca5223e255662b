"""From the event bus to the live connections that listen."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from promptpilot import keys
from promptpilot.domain.event import Event
from promptpilot.domain.identity import Member
from promptpilot.domain.live import Subscription
from promptpilot.domain.permissions import Action, allows
from promptpilot.errors import StoreUnavailable, TooLarge, Unavailable
from promptpilot.ports.live import Live
from promptpilot.ports.offload import Offload
from promptpilot.ports.table import Table
from promptpilot.services.live.connections import disconnect

logger = logging.getLogger(__name__)

MOST_LISTENERS = 1_000
"""More than there may be, and one page of a query."""

MEMBERS_AT_ONCE = 100

Listeners = Mapping[str, Sequence[Subscription]]
"""What each connection listens to."""


async def push(
    workspace: str, events: Sequence[Event], *, table: Table, live: Live, offload: Offload
) -> None:
    """Send the workspace's events to every connection that listens to them, to each in this order
    and to all at once, so that none waits for another.

    A connection that is gone is forgotten; one that cannot be reached misses the rest of these
    events, which its client finds through the API. Raises `StoreUnavailable` where it is not known
    who listens; what was sent before may then be sent again.
    """
    found = await offload(listeners, workspace, table=table)

    async def tell(connection: str, subscriptions: Sequence[Subscription]) -> None:
        for event in events:
            if not any(each.concerns(event) for each in subscriptions):
                continue
            if not await offload(_send, live, connection, event):
                await offload(_forget, connection, table=table)
                return

    told = [tell(connection, subscriptions) for connection, subscriptions in found.items()]
    outcomes = await asyncio.gather(*told, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Unavailable):
            logger.warning("live connection missed events", extra={"reason": str(outcome)})
        elif outcome is not None:
            raise outcome


async def push_to_followers(
    workspace: str, watched: str, message: str, *, table: Table, live: Live, offload: Offload
) -> None:
    """Send a message to every connection that listens to this very execution, or run. One that is
    gone, or cannot be reached, misses it. Raises `StoreUnavailable`.
    """
    found = await offload(listeners, workspace, table=table)

    async def tell(connection: str) -> None:
        try:
            await offload(live.send, connection, message)
        except Unavailable as error:
            logger.warning("live connection missed a message", extra={"reason": str(error)})

    await asyncio.gather(
        *(
            tell(connection)
            for connection, subscriptions in found.items()
            if any(watched in (each.execution, each.run) for each in subscriptions)
        )
    )


def listeners(workspace: str, *, table: Table) -> Listeners:
    """Who listens to a workspace now, among those who may read it now."""
    page = table.query(keys.listening(workspace, "").partition, limit=MOST_LISTENERS)
    subscriptions = [Subscription.model_validate_json(item.body) for item in page.items]
    readers = _readers(workspace, sorted({each.user for each in subscriptions}), table)
    found: dict[str, list[Subscription]] = {}
    for each in subscriptions:
        if each.user in readers:
            found.setdefault(each.connection, []).append(each)
    return found


def _readers(workspace: str, users: Sequence[str], table: Table) -> set[str]:
    members: list[Member] = []
    for start in range(0, len(users), MEMBERS_AT_ONCE):
        some = users[start : start + MEMBERS_AT_ONCE]
        items = table.get_many([keys.member(workspace, user) for user in some])
        members += [Member.model_validate_json(item.body) for item in items if item is not None]
    return {member.user for member in members if allows(member.role, Action.EXECUTION_READ)}


def _send(live: Live, connection: str, event: Event) -> bool:
    try:
        return live.send(connection, event.model_dump_json())
    except TooLarge:
        logger.exception("event is too large for a live connection", extra={"event": event.id})
        return True


def _forget(connection: str, *, table: Table) -> None:
    try:
        disconnect(connection, table=table)
    except StoreUnavailable as error:
        logger.warning("live connection not forgotten", extra={"reason": str(error)})
