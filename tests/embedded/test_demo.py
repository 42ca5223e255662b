"""The demo, on models of a scripted server instead of the one that ships."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded.demo.client import Client
from embedded.demo.setup import (
    MAX_TOKENS,
    MODEL,
    SHIPPED,
    SHORT_TOKENS,
    SUMMARIZE,
    make_workflow,
)
from tests.embedded.loopback import JsonHandler, LoopbackServer, completion
from tests.embedded.running import Server


class Models(LoopbackServer):
    """Says which model it is; `broken` has none. Keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.asked: list[dict[str, Any]] = []


class _Handler(JsonHandler):
    server: Models

    def post(self, body: Any) -> None:
        self.server.asked.append(body)
        if body["model"] == "broken":
            self.answer(401, {"error": {"message": "no such key"}})
        else:
            self.answer(200, completion(f"So says {body['model']}.", body["model"]))


@pytest.fixture
def models() -> Iterator[Models]:
    with Models() as server:
        yield server


def demo(folder: Path, models: Models, *arguments: str) -> subprocess.CompletedProcess[str]:
    custom = {"mine": {"base_url": models.url, "api_key": "canary-demo"}}
    environ = {**os.environ, "PROMPTPILOT_CUSTOM_MODELS": json.dumps(custom)}
    command = [sys.executable, "-m", "embedded.cli", "demo", "--data", str(folder)]
    return subprocess.run(
        [*command, *arguments],
        check=False,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_one_flag_moves_all_prompts_of_the_demo_to_another_model(
    tmp_path: Path, models: Models
) -> None:
    first = demo(tmp_path, models, "--model", "custom/mine/small")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Approved" in first.stdout
    assert {each["model"] for each in models.asked} == {"small"}
    assert len(models.asked) == 4
    assert "So says small." in first.stdout

    second = demo(tmp_path, models, "--model", "custom/mine/large")
    assert second.returncode == 0, second.stdout + second.stderr
    assert [each["model"] for each in models.asked[4:]] == ["large"] * 4


def test_a_demo_whose_model_does_not_answer_says_why_and_has_failed(
    tmp_path: Path, models: Models
) -> None:
    done = demo(tmp_path, models, "--model", "custom/mine/broken")
    assert done.returncode == 1
    assert "The vendor refused" in done.stdout


def test_a_name_that_no_model_can_have_is_refused_in_a_line(tmp_path: Path, models: Models) -> None:
    done = demo(tmp_path, models, "--model", "gpt 5")
    assert done.returncode == 1
    assert done.stderr.startswith("Refused: 422")
    assert "Traceback" not in done.stderr
    assert models.asked == []


def versions(client: Client, prompt: str) -> list[str]:
    items = client.get(f"/prompts/{prompt}/versions")["items"]
    return [each["version"] for each in items]


def test_prompts_that_an_older_release_has_made_go_on_by_the_alias(tmp_path: Path) -> None:
    server = Server(tmp_path).start()
    try:
        client = server.sign_up("demo@example.com")
        old = {"name": SUMMARIZE["name"], "content": "{{notes}}", "variables": ["notes"]}
        prompt = client.post("/prompts", {**old, "version": "1.2.0", "model": SHIPPED})["id"]
        assert make_workflow(client, SHIPPED) == make_workflow(client, SHIPPED)
        now = client.get(f"/prompts/{prompt}")
        assert (now["model"], now["content"]) == (MODEL, "{{notes}}")
        assert now["settings"]["max_tokens"] == SHORT_TOKENS
        assert len(versions(client, prompt)) == 2
    finally:
        server.stop()


def test_other_models_than_the_one_that_ships_may_say_more(tmp_path: Path) -> None:
    server = Server(tmp_path).start()
    try:
        client = server.sign_up("demo@example.com")
        first = make_workflow(client, SHIPPED)
        prompt = client.get("/prompts")["items"][0]["id"]
        assert client.get(f"/prompts/{prompt}")["settings"]["max_tokens"] == SHORT_TOKENS
        assert make_workflow(client, "custom/mine/small") == first
        assert client.get(f"/prompts/{prompt}")["settings"]["max_tokens"] == MAX_TOKENS
        assert make_workflow(client, "custom/mine/large") == first
        assert len(versions(client, prompt)) == 2
    finally:
        server.stop()
