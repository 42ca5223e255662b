"""Servers under measurement: started, timed to their ready line, weighed, and stopped."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

READY_SECONDS = 60
STOP_SECONDS = 20


class ServerFailedError(Exception):
    """A server under measurement ended or hung before it was ready."""


@dataclass(frozen=True)
class Server:
    """A running server that has said on its standard output where it listens."""

    url: str
    pid: int
    ready_seconds: float
    """From the call that starts the process to its ready line."""

    def memory_mb(self) -> float:
        """Resident memory of the process and its children."""
        return float(sum(each.memory_info().rss for each in self._tree())) / 2**20

    def cpu_seconds(self) -> float:
        """Time on a processor so far, of the process and its children."""
        return float(sum(sum(each.cpu_times()[:2]) for each in self._tree()))

    def _tree(self) -> list[psutil.Process]:
        root = psutil.Process(self.pid)
        return [root, *root.children(recursive=True)]


@contextmanager
def product(folder: Path, models: Mapping[str, str] | None = None) -> Iterator[Server]:
    """The product's own server on a free port, with its data in `folder`. `models` are the
    OpenAI-compatible servers it may call: name -> base URL.
    """
    connections = {name: {"base_url": url, "api_key": "x"} for name, url in (models or {}).items()}
    command = ["serve", "--no-model", "--port", "0", "--data", str(folder / "data")]
    promptpilot = str(Path(sys.executable).with_name("promptpilot"))
    environment = {"PROMPTPILOT_CUSTOM_MODELS": json.dumps(connections)}
    with serving([promptpilot, *command], folder / "server.log", environment) as server:
        yield server


@contextmanager
def serving(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server that prints one line of JSON with its `url` when ready; stop it afterwards.
    Raises `ServerFailedError` with the end of its log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **(environment or {})},
        )
        try:
            url = _ready_url(process, log)
            yield Server(url, process.pid, time.perf_counter() - started)
        finally:
            _stop(process)


@contextmanager
def module(name: str, log: Path, *arguments: str) -> Iterator[Server]:
    """A server of this package, such as `bench.hello`, in a process of its own."""
    with serving([sys.executable, "-m", name, *arguments], log) as server:
        yield server


def _ready_url(process: subprocess.Popen[bytes], log: Path) -> str:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if selector.select(READY_SECONDS) else b""
    try:
        return str(json.loads(line)["url"])
    except (ValueError, KeyError) as error:
        tail = log.read_text(errors="replace")[-2000:]
        raise ServerFailedError(f"{process.args!r} was not ready: {line!r}\n{tail}") from error


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
