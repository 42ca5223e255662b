"""Who subscribes to an execution is told its progress, from any point on."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from embedded.event_bus import LocalEventBus
from embedded.followers import LocalFollowers
from embedded.live import LocalLive
from embedded.partial_texts import LocalPartialTexts
from embedded.waiter import LocalWaiter
from functions.api.progress_ports import progress_ports
from promptpilot import platform
from promptpilot.adapters.nobody_follows import NobodyFollows
from promptpilot.clock import now
from promptpilot.domain.execution import machine_name
from promptpilot.domain.permissions import Role
from promptpilot.domain.progress import progress_subject
from promptpilot.keys import member
from promptpilot.platform import Platform, current
from promptpilot.ports.orchestrator import HistoryEvent
from promptpilot.ports.table import Delete
from tests.engine.patience import until
from tests.handlers.here import Caller, end_execution, make_execution, memory_platform, set_role
from tests.handlers.test_progress import happens as record
from tests.live.clients import Client
from tests.live.conftest import KnowsTokens, token_of

LOOK_AGAIN_SECONDS = 0.05


@pytest.fixture
def ports(live: LocalLive, bus: LocalEventBus) -> Iterator[Platform]:
    followers = LocalFollowers(
        live, lambda: progress_ports(current()), look_again_seconds=LOOK_AGAIN_SECONDS
    )
    waiter = LocalWaiter(overhear=followers.hint)
    ports = memory_platform(
        identity=KnowsTokens(),
        live=live,
        event_bus=bus,
        waiter=waiter,
        followers=followers,
        partial_texts=LocalPartialTexts(announce=waiter.announce, wanted=followers.follows),
    )
    platform.install(ports)
    followers.start()
    yield ports
    followers.close()
    platform.install(None)


def happens(execution: dict[str, Any], type: Any, state: str) -> None:
    record(execution, type, state)
    current().waiter.announce(progress_subject(execution["id"]))


def subscribe(client: Client, execution: dict[str, Any], **more: Any) -> Any:
    return client.ask({"action": "subscribe", "execution": execution["id"], **more})


def brief(message: Any) -> list[str]:
    return [f"{item['type']} {item.get('state') or item.get('text')}" for item in message["items"]]


def test_a_subscriber_is_told_from_the_beginning_and_then_what_happens(
    url: str, one: Caller
) -> None:
    execution = make_execution(one)
    happens(execution, "state_entered", "summarize")
    with Client(url, token_of(one)) as client:
        assert subscribe(client, execution) == {
            "type": "subscribed",
            "workspace": one.workspace,
            "execution": execution["id"],
            "progress": True,
        }
        first = client.receive()
        assert brief(first) == ["state.entered summarize"]
        happens(execution, "state_exited", "summarize")
        second = client.receive()
        assert brief(second) == ["state.left summarize"]
        end_execution(execution)
        third = client.receive()
        assert brief(third) == ["execution.succeeded None"]
        assert third["status"] == "succeeded"
        assert set(third) == {
            *("type", "execution", "items", "cursor", "status", "usage", "cost_micro_usd")
        }


def test_what_nobody_announces_is_told_all_the_same(url: str, one: Caller) -> None:
    execution = make_execution(one)
    with Client(url, token_of(one)) as client:
        subscribe(client, execution)
        assert client.receive()["status"] == "queued"
        record(execution, "state_entered", "summarize")
        assert brief(client.receive()) == ["state.entered summarize"]


def test_with_a_cursor_a_subscriber_is_told_the_rest(url: str, one: Caller) -> None:
    execution = make_execution(one)
    happens(execution, "state_entered", "summarize")
    asked = one.get(f"/executions/{execution['id']}/events").json
    happens(execution, "state_failed", "summarize")
    happens(execution, "state_retried", "summarize")
    with Client(url, token_of(one)) as client:
        subscribe(client, execution, cursor=asked["next_cursor"])
        told = client.receive()
        assert [item["id"] for item in told["items"]] == [2, 3]
    # A cursor of a message is one for asking, too.
    rest = one.get(f"/executions/{execution['id']}/events?cursor={told['cursor']}").json
    assert rest["items"] == []


def test_a_wrong_cursor_subscribes_to_nothing(url: str, one: Caller) -> None:
    execution = make_execution(one)
    with Client(url, token_of(one)) as client:
        told = subscribe(client, execution, cursor="made-up")
        assert (told["type"], told["problem"]["code"]) == ("problem", "cursor_invalid")
        assert current().table.of_kind("subscription") == []  # type: ignore[attr-defined]
        assert not current().partial_texts.wanted(execution["id"])


def test_what_a_model_says_is_told_to_followers_and_only_then_wanted(url: str, one: Caller) -> None:
    execution = make_execution(one)
    happens(execution, "state_entered", "summarize")
    texts = current().partial_texts
    log = f"log_{execution['id'].partition('_')[2]}_1"
    assert not texts.wanted(execution["id"])
    with Client(url, token_of(one)) as client:
        subscribe(client, execution)
        client.receive()
        assert texts.wanted(execution["id"])
        texts.put(one.workspace, execution["id"], log, "One ")
        assert brief(client.receive()) == ["step.text One "]
        texts.put(one.workspace, execution["id"], log, "One two")
        assert brief(client.receive()) == ["step.text two"]
        client.ask({"action": "unsubscribe", "execution": execution["id"]})
        assert not texts.wanted(execution["id"])


def test_a_client_that_left_is_followed_no_more(url: str, one: Caller) -> None:
    execution = make_execution(one)
    with Client(url, token_of(one)) as client:
        subscribe(client, execution)
        assert current().partial_texts.wanted(execution["id"])

    def unwanted() -> bool:
        happens(execution, "state_retried", "summarize")  # who has left is noticed when told
        return not current().partial_texts.wanted(execution["id"])

    until(unwanted)


def test_a_member_is_told_until_their_membership_ends(url: str, one: Caller, two: Caller) -> None:
    execution = make_execution(one)
    set_role(str(two.user), one.workspace, Role.VIEWER)
    happens(execution, "state_entered", "summarize")
    with Client(url, token_of(two)) as client:
        subscribe(client, execution, workspace=one.workspace)
        assert brief(client.receive()) == ["state.entered summarize"]
        current().table.write([Delete(member(one.workspace, str(two.user)))])
        happens(execution, "state_exited", "summarize")
        with Client(url, token_of(one)) as owner:
            subscribe(owner, execution)
            assert len(owner.receive()["items"]) == 2
            happens(execution, "state_entered", "summarize")
            assert len(owner.receive()["items"]) == 1
        assert client.ask({"action": "ping"}) == {"type": "pong"}


def test_to_subscribe_again_goes_on_from_the_new_cursor(url: str, one: Caller) -> None:
    execution = make_execution(one)
    happens(execution, "state_entered", "summarize")
    with Client(url, token_of(one)) as client:
        subscribe(client, execution)
        first = client.receive()
        subscribe(client, execution)
        assert client.receive()["items"] == first["items"]
        subscribe(client, execution, cursor=first["cursor"])
        happens(execution, "state_exited", "summarize")
        assert brief(client.receive()) == ["state.left summarize"]


def test_a_long_history_comes_as_fast_as_it_is_read(url: str, one: Caller) -> None:
    execution = make_execution(one)
    name = machine_name(execution["workspace"], execution["id"])
    kinds = ("state_entered", "state_exited")
    history = [
        HistoryEvent(number, now(), kinds[(number + 1) % 2], "summarize")  # type: ignore[arg-type]
        for number in range(1, 25_001)
    ]
    current().orchestrator.histories[name] = history  # type: ignore[attr-defined]
    with Client(url, token_of(one), receive_buffer=4_096) as client:
        subscribe(client, execution)
        ids: list[int] = []
        while len(ids) < len(history):
            message = client.receive()
            assert len(json.dumps(message).encode()) < 128 * 1024
            ids += [item["id"] for item in message["items"]]
    assert ids == list(range(1, 25_001))


class Joined:
    """What a client has made of all messages, whatever connection they came by."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.text = ""
        self.cursor: str | None = None

    def take(self, message: dict[str, Any]) -> None:
        self.cursor = message["cursor"]
        for item in message["items"]:
            if item["type"] != "step.text":
                self.ids.append(item["id"])
                continue
            assert item["offset"] in {0, len(self.text)}
            self.text = (self.text if item["offset"] else "") + item["text"]


def next_progress(client: Client) -> dict[str, Any]:
    message: dict[str, Any] = {"type": ""}
    while message["type"] != "execution.progress":
        message = client.receive()
    return message


def test_cut_off_at_random_points_a_client_misses_nothing_and_hears_nothing_twice(
    url: str, one: Caller
) -> None:
    chance = random.Random(11)
    execution, joined = make_execution(one), Joined()
    log = f"log_{execution['id'].partition('_')[2]}_1"
    happens(execution, "state_entered", "summarize")
    said, states = "", 1
    for _ in range(40):
        with Client(url, token_of(one)) as client:
            # Given what happens while a client subscribes and is cut off, now before it has
            # received anything, now after
            asked = {"action": "subscribe", "execution": execution["id"], "cursor": joined.cursor}
            client.send(asked)
            for _ in range(chance.randrange(1, 4)):
                said += f"{chance.random()} "
                current().partial_texts.put(one.workspace, execution["id"], log, said)
            if chance.random() < 0.5:
                happens(execution, "state_entered", "summarize.on_error")
                states += 1
            for _ in range(chance.randrange(2)):
                joined.take(next_progress(client))
    # When it stays in the end
    with Client(url, token_of(one)) as client:
        subscribe(client, execution, cursor=joined.cursor)
        happens(execution, "state_entered", "summarize.on_error")
        while len(joined.ids) <= states:
            joined.take(next_progress(client))
    # Then it has all of it, once
    assert joined.ids == list(range(1, states + 2))
    assert joined.text == said


def test_without_followers_the_client_is_told_to_ask(
    url: str, one: Caller, ports: Platform
) -> None:
    platform.install(replace(ports, followers=NobodyFollows()))  # type: ignore[type-var]
    execution = make_execution(one)
    with Client(url, token_of(one)) as client:
        assert subscribe(client, execution, cursor="any")["progress"] is False
        happens(execution, "state_entered", "summarize")
        assert client.ask({"action": "ping"}) == {"type": "pong"}
