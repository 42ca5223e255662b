"""Evaluates expressions that might run away, in child processes that can be killed."""

import asyncio
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from embedded.engine.failures import QUERY_EVALUATION_ERROR, StateFailed
from embedded.engine.payload import encode

WALL_CLOCK_FACTOR = 5
"""How much longer than its time on the processor an evaluation may take by the wall clock."""
START_SECONDS = 20.0
CHILDREN = 2
_READ_BYTES = 1 << 16


class ChildGoneError(Exception):
    """The child ended, or did not answer in time."""


class _Child:
    """One child process; used by one thread at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-m", "embedded.engine.sandbox_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,
        )

    def wait_until_ready(self) -> None:
        """Return once it can be asked. Raises `ChildGoneError`."""
        self._read_line(START_SECONDS)

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def ask(self, request: bytes, seconds: float) -> bytes:
        """The line that answers `request`. Raises `ChildGoneError`, also after `seconds`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request)
            self._process.stdin.flush()
        except OSError as error:
            raise ChildGoneError from error
        return self._read_line(seconds)

    def _read_line(self, seconds: float) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN | select.POLLHUP)
        deadline = time.monotonic() + seconds
        parts: list[bytes] = []
        while not (parts and parts[-1].endswith(b"\n")):
            left_ms = (deadline - time.monotonic()) * 1000
            if left_ms <= 0 or not poll.poll(left_ms):
                raise ChildGoneError
            part = os.read(descriptor, _READ_BYTES)
            if not part:
                raise ChildGoneError
            parts.append(part)
        return b"".join(parts)

    def stop(self) -> None:
        """End the process; whoever reads from it finds it gone."""
        self._process.kill()

    def close(self) -> None:
        """End the process and release what it holds."""
        self._process.kill()
        with contextlib.suppress(OSError):
            self._process.communicate()


class Sandbox:
    """Up to `CHILDREN` processes, started when first needed. `seconds` is how much time on the
    processor one evaluation may take before it fails.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(CHILDREN, thread_name_prefix="sandbox")
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()

    async def evaluate(
        self, template: str, variables: Mapping[str, Any], epoch_ms: int, seed: str
    ) -> Any:
        """The value of a template, given as JSON text. Raises `StateFailed`."""
        request = encode(
            {
                "template": template,
                "variables": variables,
                "epoch_ms": epoch_ms,
                "seed": seed,
                "seconds": self._seconds,
            }
        )
        loop = asyncio.get_running_loop()
        reply = await loop.run_in_executor(self._threads, self._ask, f"{request}\n".encode())
        answer = json.loads(reply)
        if "error" in answer:
            raise StateFailed(answer["error"], answer["cause"])
        return answer["value"]

    def _ask(self, request: bytes) -> bytes:
        child = self._take()
        try:
            reply = child.ask(request, self._seconds * WALL_CLOCK_FACTOR)
        except ChildGoneError:
            self._drop(child)
            cause = "An expression ran too long or needed too much memory; it was ended."
            raise StateFailed(QUERY_EVALUATION_ERROR, cause) from None
        with self._lock:
            self._busy.discard(child)
            self._idle.append(child)
        return reply

    def _take(self) -> _Child:
        with self._lock:
            child = self._idle.pop() if self._idle else None
        if child is not None and not child.alive():
            child.close()
            child = None
        fresh = child is None
        child = child or _Child()
        with self._lock:
            self._busy.add(child)
        if fresh:
            self._greet(child)
        return child

    def _greet(self, child: _Child) -> None:
        try:
            child.wait_until_ready()
        except ChildGoneError:
            self._drop(child)
            cause = "The process that evaluates expressions did not start."
            raise StateFailed(QUERY_EVALUATION_ERROR, cause) from None

    def _drop(self, child: _Child) -> None:
        with self._lock:
            self._busy.discard(child)
        child.close()

    def close(self) -> None:
        """End the children. An evaluation under way fails."""
        with self._lock:
            for child in self._busy:
                child.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)
        while self._idle:
            self._idle.pop().close()
