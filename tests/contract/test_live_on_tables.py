"""Live connections on every table: found again, heard, bounded and forgotten."""

import json
from typing import Any

import pytest

from promptpilot import keys
from promptpilot.clock import epoch_ms, from_epoch_ms
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.identity import Member
from promptpilot.domain.ids import new_id
from promptpilot.domain.live import Connection, Subscribe, Unsubscribe
from promptpilot.domain.permissions import Role
from promptpilot.errors import NotFound
from promptpilot.ports.table import Create, Item, Table
from promptpilot.services.live.connections import (
    CONNECTIONS_PER_USER,
    connect,
    disconnect,
    find_connection,
    subscribe,
    unsubscribe,
)
from promptpilot.services.live.push import push
from promptpilot.services.principals import personal_workspace


class Heard:
    """A `Live` that remembers what was sent, and which connections were closed."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.closed: list[str] = []

    def send(self, connection: str, message: str) -> bool:
        self.sent.append((connection, json.loads(message)["id"]))
        return not connection.startswith("gone")

    def close(self, connection: str) -> None:
        self.closed.append(connection)


async def in_place(call: Any, /, *args: Any, **kwargs: Any) -> Any:
    return call(*args, **kwargs)


@pytest.fixture
def user(table: Table) -> str:
    user = new_id("user")
    member = Member(user=user, workspace=personal_workspace(user), role=Role.OWNER)
    key = keys.member(member.workspace, user)
    table.write([Create(Item(key, "member", member.model_dump_json()))])
    return user


def opened(id: str, user: str, after_ms: int = 0) -> Connection:
    return Connection(id=id, user=user, connected_at=from_epoch_ms(epoch_ms() + after_ms))


async def told(table: Table, live: Heard, workspace: str) -> list[str]:
    """Who hears an event."""
    live.sent.clear()
    event = Event.of(
        EventType.PROMPT_UPDATED, workspace=workspace, actor="system", subject="prompt_1"
    )
    await push(workspace, [event], table=table, live=live, offload=in_place)
    assert {each for _, each in live.sent} <= {event.id}
    return sorted(connection for connection, _ in live.sent)


async def test_a_connection_hears_from_its_subscription_to_its_end(table: Table, user: str) -> None:
    live, workspace = Heard(), personal_workspace(user)
    one, two = opened("one", user), opened("two", user)
    for each in (one, two):
        connect(each, table=table, live=live)
        assert find_connection(each.id, table=table) == each
    assert await told(table, live, workspace) == []
    subscribe(one, Subscribe(action="subscribe"), table=table)
    subscribe(two, Subscribe(action="subscribe"), table=table)
    assert await told(table, live, workspace) == ["one", "two"]
    assert await told(table, live, personal_workspace(new_id("user"))) == []
    unsubscribe(one, Unsubscribe(action="unsubscribe"), table=table)
    assert await told(table, live, workspace) == ["two"]
    disconnect("two", table=table)
    assert await told(table, live, workspace) == []
    with pytest.raises(NotFound):
        find_connection("two", table=table)


async def test_a_gone_connection_is_told_once(table: Table, user: str) -> None:
    live, workspace = Heard(), personal_workspace(user)
    gone = opened("gone", user)
    connect(gone, table=table, live=live)
    subscribe(gone, Subscribe(action="subscribe"), table=table)
    assert await told(table, live, workspace) == ["gone"]
    assert await told(table, live, workspace) == []


def test_the_oldest_connections_of_a_user_are_closed(table: Table, user: str) -> None:
    live = Heard()
    for number in range(CONNECTIONS_PER_USER + 2):
        connect(opened(f"c{number}", user, after_ms=number), table=table, live=live)
    assert live.closed == ["c0", "c1"]
    with pytest.raises(NotFound):
        find_connection("c1", table=table)
    assert find_connection("c2", table=table).user == user
