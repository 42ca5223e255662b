"""The demo's server: the same `promptpilot serve` that a user starts, as a child process."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STOP_SECONDS = 20
LOG_FILE = "server.log"


@contextmanager
def running_server(
    data: Path, host: str, port: int, *, with_model: bool
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start a server, give its URL and process once it is ready, and stop it in the end.
    `with_model` says whether it runs the model that ships.

    It logs to `server.log` in the data folder. Raises `RuntimeError` with the end of that when it
    ends before it is ready.
    """
    command = [sys.executable, "-m", "embedded.cli", "serve"]
    model = "--model" if with_model else "--no-model"
    options = ["--host", host, "--port", str(port), "--data", str(data), model]
    log = data / LOG_FILE
    with (
        log.open("a") as stderr,
        subprocess.Popen(  # noqa: S603 - our own program
            [*command, *options], stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            if not ready:
                raise RuntimeError(f"no server: {log.read_text()[-500:]}")
            yield json.loads(ready)["url"], process
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
