"""Log lines, written by a thread of their own: whoever reads them slowly, or not at all, must not
hold up requests.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from promptpilot.observability import log_as_json

MAX_LINES = 20_000
"""How many lines wait at most; the oldest are dropped, and the next line written says how many."""

EVERY_SECONDS = 0.1
CLOSE_SECONDS = 2.0


class LogLines:
    """A stream that takes lines at once and writes them a little later."""

    def __init__(self, stream: TextIO, max_lines: int = MAX_LINES) -> None:
        self._stream = stream
        self._waiting: deque[str] = deque(maxlen=max_lines)
        self._dropped = 0
        # Whatever interrupts a thread here, a signal or a finaliser, may log as well.
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-lines", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        """Take a line."""
        with self._lock:
            self._dropped += len(self._waiting) == self._waiting.maxlen
            self._waiting.append(text)

    def flush(self) -> None:
        """Lines are written soon; `close` waits for them."""

    def close(self) -> None:
        """Write what waits, for so long at most."""
        self._stop.set()
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            self._write_waiting()
        self._write_waiting()

    def _write_waiting(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, deque(maxlen=self._waiting.maxlen)
            dropped, self._dropped = self._dropped, 0
        lines = list(waiting)
        if dropped:
            lines.insert(0, f'{{"level":"WARNING","message":"log lines dropped: {dropped}"}}\n')
        if not lines:
            return
        try:
            self._stream.write("".join(lines))
            self._stream.flush()
        except (OSError, ValueError):
            # Whoever read them is gone. That is no reason to stop serving.
            return


@contextmanager
def json_logs(stream: TextIO) -> Iterator[LogLines]:
    """Every logger of the process writes JSON lines to `stream`, in the background."""
    lines = LogLines(stream)
    handler = log_as_json(lines)
    try:
        yield lines
    finally:
        logging.getLogger().removeHandler(handler)
        lines.close()
