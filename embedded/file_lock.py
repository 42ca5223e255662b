"""A file that one process holds, so that a second one on the same data stops at once."""

import fcntl
import os
from pathlib import Path

from promptpilot.errors import StoreUnavailable


class FileLock:
    """Held from construction until `close`, or until the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        """Raises `StoreUnavailable` when another holds it."""
        self._file = path.open("a+", encoding="ascii")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
