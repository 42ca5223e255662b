"""What the demo needs: an account, two prompts and a workflow, made on the first run."""

import json
import secrets
from importlib import resources
from pathlib import Path

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
SETTINGS = {"temperature": 0.2, "max_tokens": 96, "seed": 7}


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


def make_workflow(client: Client, model: str) -> str:
    """The id of the demo's workflow, made together with its prompts unless it is there."""
    for known in client.get("/workflows?limit=100")["items"]:
        if known["name"] == "Meeting follow-ups":
            return str(known["id"])
    for prompt in (SUMMARIZE, ACTION_ITEMS):
        text = (FILES / str(prompt["file"])).read_text().rstrip("\n")
        fields = {key: value for key, value in prompt.items() if key != "file"}
        document = {"content": text, "version": "1.2.0", "model": model, "settings": SETTINGS}
        client.post("/prompts", {**fields, **document})
    workflow = client.post_yaml("/workflows", (FILES / "workflow.yaml").read_text())
    return str(workflow["id"])


def meetings() -> list[dict[str, str]]:
    """The meeting notes that ship: `title` and `notes` of each."""
    files = sorted((FILES / "notes").iterdir(), key=lambda file: file.name)
    return [
        {"title": file.name.removesuffix(".txt").replace("_", " "), "notes": file.read_text()}
        for file in files
        if file.name.endswith(".txt")
    ]
