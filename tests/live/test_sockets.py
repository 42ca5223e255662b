"""Two users over real WebSockets: each hears of their own workspaces, and of nothing else."""

import pytest

from embedded.event_bus import LocalEventBus
from embedded.live import LocalLive
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Role
from promptpilot.keys import member
from promptpilot.platform import current
from promptpilot.ports.table import Delete
from tests.engine.patience import until
from tests.handlers.here import Caller, make_execution, set_role
from tests.live.clients import Client, Refused
from tests.live.conftest import token_of


def event(workspace: str, subject: str = "prompt_1", **data: object) -> Event:
    return Event.of(
        EventType.STEP_SUCCEEDED, workspace=workspace, actor="system", subject=subject, **data
    )


def test_who_has_subscribed_hears_what_happens_in_their_workspace_only(
    url: str, bus: LocalEventBus, one: Caller, two: Caller
) -> None:
    with Client(url, token_of(one)) as first, Client(url, token_of(two)) as second:
        told = first.ask({"action": "subscribe"})
        assert told == {"type": "subscribed", "workspace": one.workspace, "execution": None}
        assert second.ask({"action": "subscribe"})["workspace"] == two.workspace
        for_one, for_two = event(one.workspace, log="log_1"), event(two.workspace)
        bus.publish([for_two, for_one, for_two])
        assert first.receive() == for_one.model_dump(mode="json")
        assert [second.receive()["id"], second.receive()["id"]] == [for_two.id, for_two.id]
        assert first.ask({"action": "ping"}) == {"type": "pong"}
        assert second.ask({"action": "ping"}) == {"type": "pong"}


def test_a_workspace_of_others_cannot_be_listened_to(
    url: str, bus: LocalEventBus, one: Caller, two: Caller
) -> None:
    with Client(url, token_of(two)) as client:
        told = client.ask({"action": "subscribe", "workspace": one.workspace})
        assert told["type"] == "problem"
        assert (told["problem"]["status"], told["problem"]["code"]) == (404, "not_found")
        bus.publish([event(one.workspace)])
        assert client.ask({"action": "ping"}) == {"type": "pong"}


def test_a_member_hears_until_their_membership_ends(
    url: str, bus: LocalEventBus, one: Caller, two: Caller
) -> None:
    set_role(str(two.user), one.workspace, Role.VIEWER)
    with Client(url, token_of(two)) as client:
        client.ask({"action": "subscribe", "workspace": one.workspace})
        bus.publish([event(one.workspace)])
        assert client.receive()["workspace"] == one.workspace
        end_membership(two, one.workspace)
        bus.publish([event(one.workspace)])
        assert client.ask({"action": "ping"}) == {"type": "pong"}


def end_membership(caller: Caller, workspace: str) -> None:
    current().table.write([Delete(member(workspace, str(caller.user)))])


def test_one_execution_can_be_listened_to(url: str, bus: LocalEventBus, one: Caller) -> None:
    execution = make_execution(one)["id"]
    with Client(url, token_of(one)) as client:
        told = client.ask({"action": "subscribe", "execution": execution})
        place = {"workspace": one.workspace, "execution": execution}
        assert told == {"type": "subscribed", **place, "progress": False}
        itself = event(one.workspace, execution)
        about = event(one.workspace, "feedback_1", execution=execution)
        bus.publish([event(one.workspace, new_id("execution")), itself, about])
        assert [client.receive()["id"], client.receive()["id"]] == [itself.id, about.id]


def test_an_execution_of_others_cannot_be_listened_to(url: str, one: Caller, two: Caller) -> None:
    execution = make_execution(one)["id"]
    with Client(url, token_of(two)) as client:
        told = client.ask({"action": "subscribe", "execution": execution})
        assert told["problem"]["code"] == "not_found"


def test_what_is_unsubscribed_is_heard_no_more(url: str, bus: LocalEventBus, one: Caller) -> None:
    with Client(url, token_of(one)) as client:
        client.ask({"action": "subscribe"})
        told = client.ask({"action": "unsubscribe"})
        assert told == {"type": "unsubscribed", "workspace": one.workspace, "execution": None}
        bus.publish([event(one.workspace)])
        assert client.ask({"action": "ping"}) == {"type": "pong"}


def test_an_event_is_heard_once_by_who_subscribed_to_it_twice(
    url: str, bus: LocalEventBus, one: Caller
) -> None:
    execution = make_execution(one)["id"]
    with Client(url, token_of(one)) as client:
        client.ask({"action": "subscribe"})
        client.ask({"action": "subscribe"})
        client.ask({"action": "subscribe", "execution": execution})
        bus.publish([event(one.workspace, execution)])
        assert client.receive()["subject"] == execution
        assert client.ask({"action": "ping"}) == {"type": "pong"}


@pytest.mark.parametrize("token", [None, "forged", "x" * 9_000])
def test_without_a_valid_token_there_is_no_connection(
    url: str, live: LocalLive, token: str | None
) -> None:
    with pytest.raises(Refused) as refused:
        Client(url, token)
    assert refused.value.status == 401
    assert refused.value.problem["code"] == "unauthenticated"
    assert len(live) == 0


def test_the_token_may_be_in_the_header_as_well(url: str, one: Caller) -> None:
    headers = {"Authorization": f"Bearer {token_of(one)}"}
    with Client(url, headers=headers) as client:
        assert client.accepted.subprotocol is None
        assert client.ask({"action": "ping"}) == {"type": "pong"}


def test_the_subprotocol_that_is_taken_is_not_the_token(url: str, one: Caller) -> None:
    with Client(url, token_of(one)) as client:
        assert client.accepted.subprotocol == "promptpilot"


def test_another_path_has_no_sockets(url: str, one: Caller) -> None:
    with pytest.raises(Refused) as refused:
        Client(url, token_of(one), path="/prompts")
    assert refused.value.status == 404


def test_a_connection_that_ended_is_forgotten(
    url: str, live: LocalLive, bus: LocalEventBus, one: Caller
) -> None:
    with Client(url, token_of(one)) as client:
        client.ask({"action": "subscribe"})
        assert len(current().table.of_kind("subscription")) == 1  # type: ignore[attr-defined]
    until(lambda: not current().table.of_kind("connection"))  # type: ignore[attr-defined]
    assert current().table.of_kind("subscription") == []  # type: ignore[attr-defined]
    assert len(live) == 0
    bus.publish([event(one.workspace)])
