"""A real `promptpilot serve` in a process of its own, to use, to stop and to kill."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from embedded.demo.client import Client

READY_SECONDS = 30
PASSWORD = "correct horse battery staple"
T = TypeVar("T")
ENDED = {"succeeded", "failed", "cancelled", "timed_out"}


class Server:
    """One server on one data folder; `models` is the URL of an OpenAI-compatible server, as
    `custom/fake/...`. `environ` are more variables.
    """

    def __init__(
        self, data: Path, models: str | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        self._data = data
        self._environ = {**os.environ, "PYTHONWARNINGS": "default", **(environ or {})}
        if models is not None:
            custom = {"fake": {"base_url": models, "api_key": "x", "models": ["m"]}}
            self._environ["PROMPTPILOT_CUSTOM_MODELS"] = json.dumps(custom)
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> "Server":
        command = [sys.executable, "-m", "embedded.cli", "serve", "--no-model", "--port", "0"]
        log = (self._data / "server.log").open("a")
        with log:
            self._process = subprocess.Popen(
                [*command, "--data", str(self._data)],
                env=self._environ,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        assert ready, (self._data / "server.log").read_text()[-3000:]
        self.url = json.loads(ready)["url"]
        return self

    def kill(self) -> None:
        """kill -9: no chance to tidy up."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, signal_number: int) -> int:
        process = self._process
        if process is None:
            return 0
        process.send_signal(signal_number)
        code = process.wait(READY_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
        self._process = None
        return code

    def sign_up(self, email: str) -> Client:
        """A client as a new user."""
        client = Client(self.url)
        client.post("/auth/signup", {"email": email, "password": PASSWORD, "name": "Tester"})
        return self.log_in(email)

    def log_in(self, email: str) -> Client:
        client = Client(self.url)
        tokens = client.post("/auth/login", {"email": email, "password": PASSWORD})
        return client.with_token(tokens["access_token"])


def until(look: Callable[[], T], good: Callable[[T], bool], seconds: float = 30) -> T:
    """Look until what is seen is good; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if good(seen):
            return seen
        assert time.monotonic() < deadline, f"still {seen}"
        time.sleep(0.02)


def ended(client: Client, execution: str, seconds: float = 30) -> dict[str, Any]:
    """The execution once it has ended."""
    return until(
        lambda: client.get(f"/executions/{execution}"),
        lambda each: each["status"] in ENDED,
        seconds,
    )


def make_chain(client: Client, steps: int, model: str = "custom/fake/m") -> str:
    """A workflow of `steps` prompts, each given the one before; returns its id."""
    prompt = client.post(
        "/prompts",
        {"name": "Echo", "content": "Say: {{text}}", "variables": ["text"], "model": model},
    )
    document = {"name": "Chain", "steps": []}
    before = "$input.text"
    for number in range(1, steps + 1):
        step = {
            "id": f"step_{number}",
            "kind": "prompt",
            "prompt": {"id": prompt["id"]},
            "with": {"text": "{% " + before + " %}"},
        }
        document["steps"].append(step)
        before = f"$step_{number}.text"
    document["output"] = "{% " + before + " %}"
    return client.post("/workflows", document)["id"]
