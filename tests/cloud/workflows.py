"""Prompts and workflows of the tests, made over HTTP."""

from collections.abc import Mapping
from typing import Any

from embedded.demo.client import Client
from tests.cloud.scripted_models import model

WAIT_SECONDS = 60


def make_prompt(client: Client, name: str, *, calls: str = "echo") -> str:
    """The id of a new prompt that says `Say: …` to a scripted model."""
    fields = {"name": name, "content": "Say: {{text}}", "variables": ["text"]}
    return client.post("/prompts", {**fields, "model": model(calls)})["id"]


def make_workflow(client: Client, name: str, steps: list[Mapping[str, Any]], **more: Any) -> str:
    return client.post("/workflows", {"name": name, "steps": steps, **more})["id"]


def prompt_step(id: str, prompt: str, text: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "kind": "prompt", "prompt": {"id": prompt}, "with": {"text": text}, **more}


def start(client: Client, workflow: str, **input: Any) -> str:
    """The id of a new execution."""
    return client.post(f"/workflows/{workflow}/execute", {"input": input})["id"]
