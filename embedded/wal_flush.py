"""Putting SQLite's write-ahead log on the disk, at most once for all who wait for that.

With `synchronous = NORMAL` a commit hands its pages to the operating system and no more, so it
holds the database for microseconds. What makes it durable is the flush of the log, which SQLite
would do within the commit with `FULL`; done here, it keeps nobody from writing meanwhile.

So others see a write before it is durable. Whoever tells the outside world what it has read calls
`settle` first.
"""

import os
import threading
from pathlib import Path

from promptpilot.errors import StoreUnavailable

_flush = getattr(os, "fdatasync", os.fsync)  # not every system has the first


class WalFlush:
    """Flushes the log of one database file. Threads may share it."""

    def __init__(self, database: Path) -> None:
        self._log = database.with_name(f"{database.name}-wal")
        self._file: int | None = None
        self._changed = threading.Condition()
        self._begun = 0
        self._done = 0
        self._failed = False
        self._owed = 0

    def owe(self) -> None:
        """A write is about to be committed that somebody is going to flush; see `settle`."""
        with self._changed:
            self._owed += 1

    def pay(self, count: int = 1) -> None:
        """That many writes that were owed have been flushed, or came to nothing."""
        with self._changed:
            self._owed -= count

    def settle(self) -> None:
        """Return when every durable write that can be seen is on the disk. Raises
        `StoreUnavailable`.
        """
        if self._owed:
            self.flush()

    def require_sound(self) -> None:
        """Raises `StoreUnavailable` once a flush has failed: nobody knows then what is on the disk,
        and the next flush may succeed without having written it.
        """
        if self._failed:
            raise StoreUnavailable("The disk failed to keep what was written; start again.")

    def flush(self) -> None:
        """Return when all that was committed before is on the disk. Raises `StoreUnavailable`."""
        with self._changed:
            wanted = self._begun + 1  # one under way may have begun too early
            while self._done < wanted:
                self.require_sound()
                if self._begun > self._done:
                    self._changed.wait()
                else:
                    self._flush_for_all()

    def _flush_for_all(self) -> None:
        self._begun += 1
        self._changed.release()
        kept = False
        try:
            self._flush_file()
            kept = True
        except OSError as error:
            raise StoreUnavailable("The disk failed to keep what was written.") from error
        finally:
            self._changed.acquire()
            if kept:
                self._done = self._begun
            else:
                self._failed = True  # those who wait for this flush hear it too
            self._changed.notify_all()

    def _flush_file(self) -> None:
        if self._file is None:
            self._file = os.open(self._log, os.O_RDONLY)
            _flush_folder(self._log.parent)
        _flush(self._file)

    def close(self) -> None:
        """Let go of the log, after the last flush."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _flush_folder(folder: Path) -> None:
    """Put the log's name on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
