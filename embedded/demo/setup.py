"""What the demo needs: an account, two prompts and a workflow, made on the first run, and the model
that its prompts know by the name `alias/demo`.
"""

import json
import secrets
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from embedded.demo.client import Client

EMAIL = "demo@example.com"
ACCOUNT_FILE = "demo-account.json"
FILES = resources.files("embedded.demo")

SUMMARIZE = {
    "name": "Summarize Meeting Notes",
    "file": "prompts/summarize.txt",
    "variables": ["notes"],
    "metadata": {"category": "summarization", "tags": ["meeting", "summary"]},
}
ACTION_ITEMS = {
    "name": "List Action Items",
    "file": "prompts/action_items.txt",
    "variables": ["notes"],
    "metadata": {"category": "extraction", "tags": ["meeting", "actions"]},
}
SHIPPED = "local/smollm2-135m"
ALIAS = "demo"
MODEL = f"alias/{ALIAS}"
SETTINGS = {"temperature": 0.2, "seed": 7, "reasoning_effort": "low", "drop_unsupported": True}
"""For whatever model it is: each takes some of them."""
SHORT_TOKENS, MAX_TOKENS = 96, 1000
"""The model that ships does not always find an end; others may count what they think as well."""


def log_in(client: Client, data: Path) -> Client:
    """The client as the demo's user, who is signed up with a random password the first time.

    The password is kept in `demo-account.json` in the data folder, for the user of this machine.
    """
    path = data / ACCOUNT_FILE
    if not path.exists():
        account = {"email": EMAIL, "password": secrets.token_urlsafe(18)}
        client.post("/auth/signup", {**account, "name": "Demo"})
        path.touch(mode=0o600)
        path.write_text(json.dumps(account))
    tokens = client.post("/auth/login", json.loads(path.read_text()))
    return client.with_token(tokens["access_token"])


def use_model(client: Client, model: str) -> None:
    """Let the demo's prompts run on that model from now on; other aliases stay. Raises
    `RequestRefusedError` where no model can be called so.
    """
    aliases = client.get("/workspace/model-aliases")["aliases"]
    client.put("/workspace/model-aliases", {"aliases": {**aliases, ALIAS: [model]}})


def make_workflow(client: Client, model: str) -> str:
    """The id of the demo's workflow, made unless it is there, with its prompts, which may say as
    much as is good for that model.
    """
    tokens = SHORT_TOKENS if model == SHIPPED else MAX_TOKENS
    for prompt in (SUMMARIZE, ACTION_ITEMS):
        _make_prompt(client, prompt, tokens)
    for known in client.get("/workflows?limit=100")["items"]:
        if known["name"] == "Meeting follow-ups":
            return str(known["id"])
    workflow = client.post_yaml("/workflows", (FILES / "workflow.yaml").read_text())
    return str(workflow["id"])


def _make_prompt(client: Client, prompt: Mapping[str, Any], tokens: int) -> None:
    """Make it. One that is there gets a version where its latest is not so: one of an older release
    names the model itself.
    """
    asked = {"model": MODEL, "settings": {**SETTINGS, "max_tokens": tokens}}
    for known in client.get("/prompts?limit=100")["items"]:
        if known["name"] == prompt["name"]:
            latest = client.get(f"/prompts/{known['id']}")
            given = latest.get("settings", {}).get("max_tokens")
            if (latest.get("model"), given) != (MODEL, tokens):
                client.post(f"/prompts/{known['id']}/versions", asked)
            return
    text = (FILES / str(prompt["file"])).read_text().rstrip("\n")
    fields = {key: value for key, value in prompt.items() if key != "file"}
    client.post("/prompts", {**fields, "content": text, "version": "1.2.0", **asked})


def meetings() -> list[dict[str, str]]:
    """The meeting notes that ship: `title` and `notes` of each."""
    files = sorted((FILES / "notes").iterdir(), key=lambda file: file.name)
    return [
        {"title": file.name.removesuffix(".txt").replace("_", " "), "notes": file.read_text()}
        for file in files
        if file.name.endswith(".txt")
    ]
