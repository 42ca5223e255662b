"""A database that forgets, as of a given write of the engine's, whatever is written to it: to the
engine it is as if the process had been killed there, without the time that a process takes.
"""

import json
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from embedded.database import Database
from embedded.engine.engine import Engine
from promptpilot.errors import StoreUnavailable
from promptpilot.ports.orchestrator import Machine
from tests.engine.patience import PATIENCE
from tests.engine.scripted_worker import Job

T = TypeVar("T")


class MortalDatabase(Database):
    """`left` writes of the engine's thread succeed; with None, all do."""

    def __init__(self, path: Path, left: int | None) -> None:
        super().__init__(path)
        self.left = left
        self.dead = threading.Event()

    def write(self, change: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        if threading.current_thread().name == "engine" and self.left is not None:
            if self.left == 0:
                self.dead.set()
                raise StoreUnavailable
            self.left -= 1
        return super().write(change, durable=durable)


class Records:
    """What all lives of a worker know: its recorded results, as the step logs keep them."""

    def __init__(self) -> None:
        self.results: dict[str, dict[str, Any]] = {}
        self.calls = 0

    def answer(self, key: str) -> dict[str, Any]:
        """The result of that step, recorded or made now."""
        if key not in self.results:
            self.calls += 1
            self.results[key] = {"n": self.calls, "key": key}
        return self.results[key]


def live(
    path: Path,
    which: Machine,
    records: Records,
    left: int | None,
    *,
    repeats_alike: bool = False,
) -> list[str | None]:
    """One life on that database; the outputs of the ends that were told in it."""
    database = MortalDatabase(path, left)
    ended = threading.Event()
    outputs: list[str | None] = []

    def on_status(event: dict[str, Any]) -> None:
        if event["detail"]["status"] != "RUNNING":
            assert event["detail"]["status"] == "SUCCEEDED", event
            outputs.append(event["detail"]["output"])
            ended.set()
            database.dead.set()

    async def work(event: dict[str, Any]) -> dict[str, Any]:
        job: Job = json.loads(event["Records"][0]["body"])
        engine.succeed_task(job["token"], records.answer(job["key"]))
        return {}

    engine = Engine(
        database,
        worker=work,
        on_status=on_status,
        redelivery_seconds=(0.01,),
        repeats_alike=repeats_alike,
    )
    engine.start(which, "one", {})
    engine.start_up()
    assert database.dead.wait(PATIENCE)
    engine.shut_down(0)
    database.close()
    return outputs
