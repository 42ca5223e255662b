"""Runs that are followed while models answer, and cancelled."""

from typing import Any

from embedded.demo.client import Client
from tests.cloud.workflows import WAIT_SECONDS
from tests.embedded.running import until
from tests.embedded.streaming_model import FREELY, StreamingModel

MODELS = ["custom/streaming/a", "custom/streaming/b"]


def make_tale(client: Client, name: str) -> str:
    fields = {"name": name, "content": "Tell: {{what}}", "variables": ["what"]}
    prompt: str = client.post("/prompts", fields)["id"]
    return prompt


def followed(client: Client, run: str, cursor: str = "") -> tuple[list[Any], str, bool]:
    page = client.get(f"/runs/{run}/events?cursor={cursor}")
    return page["items"], page["next_cursor"], page["done"]


def test_models_are_heard_while_they_speak_until_the_run_is_cancelled(
    one: Client, streaming: StreamingModel
) -> None:
    prompt, before = make_tale(one, "Compared"), streaming.streamed_calls
    compared = {"prompt_id": prompt, "variables": {"what": "a tale"}, "models": MODELS}
    run = one.post("/playground/compare", compared)
    until(lambda: streaming.streamed_calls, lambda calls: calls == before + 2, WAIT_SECONDS)
    streaming.allow(2)
    items, cursor, done = until(
        lambda: followed(one, run["id"]), lambda page: bool(page[0]), WAIT_SECONDS
    )
    assert not done
    assert all(each["type"] == "run.text" for each in items)
    assert all(streaming.text.startswith(each["text"]) for each in items if each["offset"] == 0)

    cancelled = one.post(f"/runs/{run['id']}/cancel", {})

    assert cancelled["cancelled_by"].startswith("user_")
    logs = until(
        lambda: [one.get(f"/logs/{each['log']}") for each in run["logs"]],
        lambda logs: all(log["status"] == "failed" for log in logs),
        WAIT_SECONDS,
    )
    assert {log["error"]["name"] for log in logs} == {"StepCancelled"}
    streaming.allow(FREELY)  # the server finds the connections closed
    items, _, done = followed(one, run["id"], cursor)
    assert [each["type"] for each in items if each["type"] != "run.text"] == ["run.failed"] * 2
    assert done


def test_a_prompt_is_run_with_stream(one: Client, streaming: StreamingModel) -> None:
    streaming.allow(FREELY)
    prompt = make_tale(one, "Streamed")
    asked = {"stream": True, "model": MODELS[0], "variables": {"what": "a tale"}}
    begun = one.post(f"/prompts/{prompt}/run", asked)
    run = begun["run"]["id"]

    items, _, _ = until(lambda: followed(one, run), lambda page: page[2], WAIT_SECONDS)

    said = "".join(each["text"] for each in items if each["type"] == "run.text")
    assert said == streaming.text
    assert items[-1]["type"] == "run.succeeded"
