"""Bus events on their way to the live connections."""

import asyncio
import atexit
import json
import logging
import threading
from collections.abc import Coroutine, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from promptpilot.domain.event import Event
from promptpilot.platform import current
from promptpilot.services.live.push import push

T = TypeVar("T")

Message = Mapping[str, Any]

logger = logging.getLogger(__name__)

_turn = threading.Lock()
"""Whose turn it is on the one loop; on Lambda there is nobody else."""


def push_one(bus_event: Message) -> dict[str, Any]:
    """Push one event of the bus. Raises `StoreUnavailable`."""
    event = Event.model_validate(bus_event["detail"])
    _run(_push(event.workspace, [event]))
    return {}


def push_batch(records: Sequence[Message]) -> dict[str, Any]:
    """Push the events of SQS records, oldest first; answers the records to deliver again."""
    events = {record["messageId"]: _event(record) for record in records}
    return {"batchItemFailures": _run(_push_all(events))}


async def _push_all(events: Mapping[str, Event | None]) -> list[dict[str, str]]:
    workspaces: dict[str, list[Event]] = {}
    for event in sorted(filter(None, events.values()), key=_moment):
        workspaces.setdefault(event.workspace, []).append(event)
    pushes = (_push(workspace, some) for workspace, some in workspaces.items())
    outcomes = dict(
        zip(workspaces, await asyncio.gather(*pushes, return_exceptions=True), strict=True)
    )
    for workspace, outcome in outcomes.items():
        if isinstance(outcome, Exception):
            logger.error("live push failed", extra={"workspace": workspace}, exc_info=outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
    return [
        {"itemIdentifier": message}
        for message, event in events.items()
        if event is None or outcomes[event.workspace] is not None
    ]


async def _push(workspace: str, events: Sequence[Event]) -> None:
    here = current()
    await push(workspace, events, table=here.table, live=here.live, offload=here.offload)


def _event(record: Message) -> Event | None:
    """The event; None for what is none, which goes to the dead letters after some deliveries."""
    try:
        return Event.model_validate(json.loads(record["body"])["detail"])
    except (ValueError, KeyError, TypeError):
        logger.exception("not a bus event", extra={"message_id": record["messageId"]})
        return None


def _moment(event: Event) -> tuple[Any, str]:
    """Ids of one process are in order, also within a millisecond."""
    return event.at, event.id


def _run(work: Coroutine[Any, Any, T]) -> T:
    with _turn:
        return _own_loop().run_until_complete(work)


@cache
def _own_loop() -> asyncio.AbstractEventLoop:
    """One loop for all events: to make one takes longer than to push an event."""
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop
