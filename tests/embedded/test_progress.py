"""The progress of executions over the real server: asked for, told, cut off, taken up again."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from embedded.demo.client import Client as Api
from tests.embedded.running import Server, ended, make_chain, until
from tests.embedded.streaming_model import FREELY, StreamingModel
from tests.live.clients import Client

TEXT = "The release is on Friday, and the notes are “ready” 🙂 by Thursday."


@pytest.fixture
def model() -> Iterator[StreamingModel]:
    with StreamingModel(TEXT) as model:
        yield model


@pytest.fixture
def server(tmp_path: Path, model: StreamingModel) -> Iterator[Server]:
    server = Server(tmp_path, model.url)
    yield server.start()
    server.kill()
    log = (tmp_path / "server.log").read_text()
    assert "Warning" not in log
    assert "Traceback" not in log


def start(api: Api, workflow: str, *, stream: bool = True) -> str:
    body = {"input": {"text": "Hi"}, "stream": stream}
    return str(api.post(f"/workflows/{workflow}/execute", body)["id"])


def ask(api: Api, execution: str, cursor: str | None, limit: int = 100) -> Any:
    after = f"&cursor={cursor}" if cursor else ""
    return api.get(f"/executions/{execution}/events?limit={limit}{after}")


class Asking:
    """Somebody who asks for what has happened since, and keeps it."""

    def __init__(self, api: Api, execution: str, limit: Callable[[], int] = lambda: 100) -> None:
        self._api = api
        self._execution = execution
        self._limit = limit
        self.cursor: str | None = None
        self.heard: list[dict[str, Any]] = []

    def once(self) -> list[dict[str, Any]]:
        """All that was heard by now."""
        page = ask(self._api, self._execution, self.cursor, self._limit())
        self.heard += page["items"]
        self.cursor = page["next_cursor"]
        return self.heard

    def to_the_end(self) -> list[dict[str, Any]]:
        return until(self.once, over)


def over(items: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the end has been told."""
    return bool(items) and items[-1]["type"].startswith("execution.")


def follow(api: Api, execution: str, limit: int = 100) -> list[dict[str, Any]]:
    """Everything, asked for in pages until the end."""
    return Asking(api, execution, lambda: limit).to_the_end()


def joined(items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What was said, by log, as a client joins it."""
    texts: dict[str, str] = {}
    for item in items:
        if item["type"] == "step.text":
            before = texts.get(item["log"], "") if item["offset"] else ""
            assert item["offset"] == len(before)
            texts[item["log"]] = before + item["text"]
    return texts


def others(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [item for item in items if item["type"] != "step.text"]


def receive_until_end(client: Client) -> Iterator[dict[str, Any]]:
    """Messages of progress, the last of which tells the end."""
    while True:
        message = client.receive()
        if message["type"] != "execution.progress":
            continue
        yield message
        if over(message["items"]):
            return


def test_a_follower_hears_states_and_words_in_order_while_they_come(
    server: Server, model: StreamingModel
) -> None:
    api = server.sign_up("one@example.com")
    workflow = make_chain(api, 2)
    execution = start(api, workflow)
    with Client(server.url, api.token) as client:
        told = client.ask({"action": "subscribe", "execution": execution})
        assert told["progress"] is True
        words = TEXT.split()
        heard: list[dict[str, Any]] = []
        for count in range(1, 4):
            model.allow(1)
            said = " ".join(words[:count])
            while list(joined(heard).values()) != [said]:
                heard += client.receive().get("items", [])
        model.allow(FREELY)
        last = {}
        for last in receive_until_end(client):
            heard += last["items"]
    types = [item["type"] for item in others(heard)]
    assert types == [*["state.entered", "state.left"] * 2, "execution.succeeded"]
    assert [item["id"] for item in others(heard)[:-1]] == [1, 2, 3, 4]
    assert list(joined(heard).values()) == [TEXT, TEXT]
    assert last["status"] == "succeeded"
    assert last["usage"]["input_tokens"] == 20
    assert model.streamed_calls == 2
    whole = follow(api, execution, limit=1)
    assert others(whole) == others(heard)
    assert joined(whole) == joined(heard)


def test_a_connection_cut_at_random_points_misses_nothing(
    server: Server, model: StreamingModel
) -> None:
    api = server.sign_up("cut@example.com")
    model.allow(FREELY)
    workflow = make_chain(api, 5)
    chance = random.Random(7)
    for _ in range(8):
        execution = start(api, workflow)
        heard: list[dict[str, Any]] = []
        cursor = None
        while not over(heard):
            with Client(server.url, api.token) as client:
                client.send({"action": "subscribe", "execution": execution, "cursor": cursor})
                left = chance.randrange(1, 6)
                for message in receive_until_end(client):
                    heard += message["items"]
                    cursor = message["cursor"]
                    left -= 1
                    if not left:
                        break
        whole = follow(api, execution)
        assert others(heard) == others(whole)
        assert joined(heard) == joined(whole)
        assert list(joined(heard).values()) == [TEXT] * 5


def make_fan(api: Api) -> str:
    """A workflow of prompts in a parallel, in a map, and in a loop within it; returns its id."""
    body = {"name": "Say", "content": "Say.", "variables": [], "model": "custom/fake/m"}
    prompt = {"id": api.post("/prompts", body)["id"]}

    def ask(id: str) -> dict[str, Any]:
        return {"id": id, "kind": "prompt", "prompt": prompt}

    rounds = {
        "id": "rounds",
        "kind": "loop",
        "until": "{% $rounds.index >= 1 %}",
        "max_iterations": 2,
        "steps": [ask("again")],
    }
    each = {"id": "every", "kind": "map", "items": [1, 2, 3], "as": "one", "steps": [rounds]}
    fan = {"id": "fan", "kind": "parallel", "branches": {"left": [ask("left")], "right": [each]}}
    return str(api.post("/workflows", {"name": "Fan", "steps": [fan]})["id"])


def test_steps_that_run_at_once_are_told_apart_and_each_in_order(
    server: Server, model: StreamingModel
) -> None:
    api = server.sign_up("fan@example.com")
    model.allow(FREELY)
    workflow = make_fan(api)
    chance = random.Random(3)
    for _ in range(5):
        execution = start(api, workflow)
        heard = Asking(api, execution, lambda: chance.randrange(1, 9)).to_the_end()
        whole = follow(api, execution)
        assert others(heard) == others(whole)
        assert joined(heard) == joined(whole)
        logs = api.get(f"/executions/{execution}/logs")["items"]
        assert joined(heard) == {log["id"]: TEXT for log in logs}
        assert len(logs) == 7
        places = {(log["path"], log["iteration"]): log["id"] for log in logs}
        inside = [item for item in heard if (item.get("path"), item.get("iteration")) in places]
        for place, log in places.items():
            events = [item for item in inside if (item["path"], item["iteration"]) == place]
            types = [item["type"] for item in events]
            assert types == [
                "state.entered",
                *["step.text"] * (len(types) - 2),
                "state.left",
            ]
            assert {item["log"] for item in events if "log" in item} == {log}


def test_after_a_kill_the_text_is_told_from_where_the_client_was(
    server: Server, model: StreamingModel
) -> None:
    api = server.sign_up("kill@example.com")
    execution = start(api, make_chain(api, 1))
    model.allow(3)
    asking = Asking(api, execution)
    three = " ".join(TEXT.split()[:3])
    heard = until(asking.once, lambda items: "".join(joined(items).values()) == three)
    server.kill()
    model.allow(FREELY)
    server.start()
    api = server.log_in("kill@example.com")
    ended(api, execution)
    rest = ask(api, execution, asking.cursor)["items"]
    assert [item["type"] for item in rest] == ["step.text", "state.left", "execution.succeeded"]
    assert rest[0]["offset"] > 0
    assert list(joined(heard + rest).values()) == [TEXT]


def test_without_a_wish_to_stream_no_model_streams(server: Server, model: StreamingModel) -> None:
    api = server.sign_up("plain@example.com")
    execution = start(api, make_chain(api, 1), stream=False)
    ended(api, execution)
    assert model.calls == 1
    assert model.streamed_calls == 0
    assert [item["type"] for item in follow(api, execution)] == [
        "state.entered",
        "state.left",
        "execution.succeeded",
    ]
