"""What the machine gives without the product."""

import sqlite3
import time
from pathlib import Path

COMMIT_SECONDS = 1.0
ROW = "x" * 1000


def sqlite_commits_per_second(folder: Path) -> float:
    """Commits of one 1,000-byte row each into a SQLite database as the product sets it up: WAL,
    every commit synced to the disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(folder / "floor.db", isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE IF NOT EXISTS row (number INTEGER PRIMARY KEY, body TEXT)")
        count, started = 0, time.perf_counter()
        while time.perf_counter() - started < COMMIT_SECONDS:
            database.execute("INSERT INTO row (body) VALUES (?)", (ROW,))
            count += 1
        return count / (time.perf_counter() - started)
    finally:
        database.close()
