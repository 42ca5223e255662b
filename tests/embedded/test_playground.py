"""Runs that are followed and cancelled, on a real server with a model that streams."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded.demo.client import Client
from tests.embedded.running import Server, until
from tests.embedded.streaming_model import FREELY, StreamingModel
from tests.live.clients import Client as WebSocket

TEXT = "Once upon a time there was a model"


@pytest.fixture
def model() -> Iterator[StreamingModel]:
    with StreamingModel(TEXT) as model:
        yield model


@pytest.fixture
def server(tmp_path: Path, model: StreamingModel) -> Iterator[Server]:
    server = Server(tmp_path, model.url).start()
    yield server
    server.kill()


@pytest.fixture
def client(server: Server) -> Client:
    return server.sign_up("one@example.com")


def begin(client: Client) -> dict[str, Any]:
    prompt = client.post(
        "/prompts",
        {"name": "Tell", "content": "Tell: {{what}}", "variables": ["what"]},
    )
    run: dict[str, Any] = client.post(
        "/playground/compare",
        {
            "prompt_id": prompt["id"],
            "variables": {"what": "a tale"},
            "models": ["custom/fake/a", "custom/fake/b"],
        },
    )
    return run


def waited(client: Client, path: str) -> Any:
    """What the path answers once there is something new."""
    headers = {"Authorization": f"Bearer {client.token}", "Prefer": "wait=20"}
    request = urllib.request.Request(client.url + path, headers=headers)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def test_two_models_are_heard_while_they_speak(client: Client, model: StreamingModel) -> None:
    run = begin(client)
    until(lambda: model.streamed_calls, lambda calls: calls == 2)
    said: dict[str, str] = {"custom/fake/a": "", "custom/fake/b": ""}
    cursor, done, rounds = "", False, 0
    model.allow(2)
    while not done:
        page = waited(client, f"/runs/{run['id']}/events?cursor={cursor}")
        for item in page["items"]:
            if item["type"] == "run.text":
                assert item["offset"] == len(said[item["model"]])
                said[item["model"]] += item["text"]
        cursor, done, rounds = page["next_cursor"], page["done"], rounds + 1
        if rounds == 1:
            assert any(said.values())
            assert TEXT not in said.values()
            model.allow(FREELY)
    assert said == {"custom/fake/a": TEXT, "custom/fake/b": TEXT}
    for each in run["logs"]:
        log = client.get(f"/logs/{each['log']}")
        assert (log["status"], log["text"], log["model"]) == ("succeeded", TEXT, each["model"])
        assert log["time_to_first_token_ms"] > 0


def test_a_cancelled_run_ends_the_calls_at_the_vendor(
    client: Client, model: StreamingModel
) -> None:
    run = begin(client)
    until(lambda: model.streamed_calls, lambda calls: calls == 2)
    cancelled = client.post(f"/runs/{run['id']}/cancel", {})
    assert cancelled["cancelled_by"].startswith("user_")
    logs = until(
        lambda: [client.get(f"/logs/{each['log']}") for each in run["logs"]],
        lambda logs: all(log["status"] == "failed" for log in logs),
    )
    assert {log["error"]["name"] for log in logs} == {"StepCancelled"}
    model.allow(FREELY)  # the server finds the connections closed
    page = waited(client, f"/runs/{run['id']}/events")
    assert [item["type"] for item in page["items"]] == ["run.failed", "run.failed"]


def test_a_run_that_a_killed_server_had_begun_goes_on_with_the_next(
    server: Server, client: Client, model: StreamingModel
) -> None:
    run = begin(client)
    until(lambda: model.streamed_calls, lambda calls: calls == 2)
    server.kill()
    model.allow(FREELY)
    again = server.start().log_in("one@example.com")
    logs = until(
        lambda: [again.get(f"/logs/{each['log']}") for each in run["logs"]],
        lambda logs: all(log["status"] == "succeeded" for log in logs),
        seconds=60,
    )
    assert {log["text"] for log in logs} == {TEXT}


def test_what_models_say_comes_over_the_live_channel(client: Client, model: StreamingModel) -> None:
    run = begin(client)
    with WebSocket(client.url, client.token) as live:
        live.send({"action": "subscribe", "run": run["id"]})
        answer = live.receive()
        assert (answer["type"], answer["run"]) == ("subscribed", run["id"])
        model.allow(FREELY)
        ended: set[str] = set()
        said = {"custom/fake/a": "", "custom/fake/b": ""}
        while len(ended) < 2:
            message = live.receive()
            assert message["type"] == "run.progress"
            for item in message["items"]:
                if item["type"] == "run.text":
                    said[item["model"]] += item["text"]
                else:
                    ended.add(item["model"])
    assert set(said.values()) == {TEXT}


def test_a_prompt_is_run_with_stream(client: Client, model: StreamingModel) -> None:
    model.allow(FREELY)
    prompt = client.post("/prompts", {"name": "Tell", "content": "Tell.", "model": "custom/fake/a"})
    begun = client.post(f"/prompts/{prompt['id']}/run", {"stream": True})
    assert begun["output"] is None
    page = waited(client, f"/runs/{begun['run']['id']}/events")
    assert page["items"]
