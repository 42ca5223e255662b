"""The requests in docs/models.md, sent as they stand there, to the real server, on scripted models
of three vendors.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded.demo.client import Client
from tests.contract.dialects.dialect import Asked, Said
from tests.embedded.running import Server, until
from tests.embedded.scripted_vendors import ScriptedVendors

TEXT = (Path(__file__).parents[2] / "docs" / "models.md").read_text()
REQUESTS = re.findall(r"^```http\n(PUT|POST) (/\S+)\n\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def vendors() -> Iterator[ScriptedVendors]:
    def script(asked: Asked) -> Said:
        return Said(json.dumps({"summary": f"{asked.model} says."}))

    with ScriptedVendors(script) as server:
        yield server


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, vendors: ScriptedVendors) -> Iterator[Client]:
    server = Server(tmp_path_factory.mktemp("models"), environ=vendors.environ).start()
    yield server.sign_up("models@example.com")
    server.stop()


@pytest.fixture(scope="module")
def replies(client: Client) -> dict[str, list[Any]]:
    """What all requests of the document were answered, in its order, by path."""
    answered: dict[str, list[Any]] = {}
    prompt = ""
    for method, path, body in REQUESTS:
        document = json.loads(body.replace("{prompt}", prompt))
        send = client.put if method == "PUT" else client.post
        reply = send(path.replace("{prompt}", prompt), document)
        if path == "/prompts":
            prompt = reply["id"]
        answered.setdefault(path, []).append(reply)
    return answered


def followed(client: Client, run: str) -> list[Any]:
    """All that happened in a run, once it is over."""
    page = until(lambda: client.get(f"/runs/{run}/events"), lambda each: each["done"])
    return list(page["items"])


def test_every_request_of_the_document_is_sent_here() -> None:
    assert len(REQUESTS) == TEXT.count("```http") == 7


def test_what_is_set_is_as_the_document_says(replies: dict[str, list[Any]]) -> None:
    [key] = replies["/workspace/model-keys/openai"]
    assert (key["source"], key["vendor"]) == ("workspace", "openai")
    [aliases] = replies["/workspace/model-aliases"]
    assert aliases["aliases"]["best"][0].startswith("anthropic/")
    [limits] = replies["/workspace/limits"]
    assert limits["models"]["openai"]["requests_per_minute"] == 600


def test_a_run_answers_with_what_the_model_says(replies: dict[str, list[Any]]) -> None:
    whole, _ = replies["/prompts/{prompt}/run"]
    assert whole["output"] == {"summary": "gemini-2.5-flash says."}
    assert whole["log"]["model"] == "google/gemini-2.5-flash"


def test_a_run_that_streams_is_followed_and_asks_what_the_alias_means(
    client: Client, replies: dict[str, list[Any]]
) -> None:
    _, begun = replies["/prompts/{prompt}/run"]
    items = followed(client, begun["run"]["id"])
    said = "".join(each["text"] for each in items if each["type"] == "run.text")
    assert json.loads(said) == {"summary": "gpt-5-nano says."}
    assert items[-1]["type"] == "run.succeeded"
    log = client.get(f"/logs/{items[-1]['log']}")
    assert log["dropped_settings"] == ["temperature"]


def test_models_are_compared_side_by_side(client: Client, replies: dict[str, list[Any]]) -> None:
    [run] = replies["/playground/compare"]
    said = {
        each["model"]: json.loads(each["text"])["summary"]
        for each in followed(client, run["id"])
        if each["type"] == "run.text"
    }
    assert said == {
        "alias/best": "claude-opus-4-6 says.",
        "openai/gpt-5-mini": "gpt-5-mini says.",
        "google/gemini-2.5-flash": "gemini-2.5-flash says.",
    }
