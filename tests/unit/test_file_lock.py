"""The lock on a data folder, and what a killed process leaves of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.file_lock import FileLock
from promptpilot.errors import StoreUnavailable

SLEEP = "import sys, time; time.sleep(float(sys.argv[1]))"


def heir_of(lock: FileLock, seconds: float) -> "subprocess.Popen[bytes]":
    """A process that has the lock as one has that a killed process was just starting."""
    descriptor = lock._file.fileno()
    return subprocess.Popen(
        [sys.executable, "-c", SLEEP, str(seconds)], pass_fds=[descriptor], close_fds=True
    )


def test_a_lock_is_had_once_what_a_killed_process_started_has_let_go(tmp_path: Path) -> None:
    first = FileLock(tmp_path / "lock")
    with heir_of(first, 0.2):
        first.close()
        second = FileLock(tmp_path / "lock")
    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    second.close()


def test_whoever_keeps_the_lock_is_named(tmp_path: Path) -> None:
    first = FileLock(tmp_path / "lock")
    with pytest.raises(StoreUnavailable, match=f"another process \\(id {os.getpid()}\\)"):
        FileLock(tmp_path / "lock")
    first.close()
