"""A file that one process holds, so that no second one works on the same data."""

import fcntl
import os
import time
from pathlib import Path
from typing import TextIO

from promptpilot.errors import StoreUnavailable

PATIENCE_SECONDS = 1.0
"""A process that was killed while it started another leaves that one with the lock, until it has
become another program: for milliseconds, but whoever starts again at once comes within them.
"""
_POLL_SECONDS = 0.01


class FileLock:
    """Held from construction until `close`, or until the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        """Raises `StoreUnavailable` when another keeps it for `PATIENCE_SECONDS`."""
        self._file = path.open("a+", encoding="ascii")
        try:
            _lock(self._file)
        except OSError as error:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise StoreUnavailable(
                f"The data in {path.parent} is in use by another process (id {holder})."
            ) from error
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def close(self) -> None:
        """Let go; again is fine. The file stays, or two could lock different files of one name."""
        self._file.close()


def _lock(file: TextIO) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)
        else:
            return
