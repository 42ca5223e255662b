"""The lock on a data folder, and what a killed process leaves of it."""

import os
from pathlib import Path
from threading import Timer

from embedded.file_lock import FileLock


def test_a_lock_is_had_once_what_a_killed_process_was_starting_has_let_go(tmp_path: Path) -> None:
    first = FileLock(tmp_path / "lock")
    inherited = os.dup(first._file.fileno())  # a copy holds the lock as well, as a child's does
    first.close()
    Timer(0.1, os.close, [inherited]).start()
    second = FileLock(tmp_path / "lock")
    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    second.close()
