"""A process with the product in it, without its HTTP server, that something befalls at a write."""

import itertools
import json
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, TypeVar

import embedded.platform
from embedded.database import Database
from embedded.engine.retries import Retrier
from promptpilot import clock
from promptpilot.settings import Settings
from tests.embedded.crash_workflow import make_workflow
from tests.embedded.running import ENDED
from tests.handlers.here import Caller, make_user

T = TypeVar("T")

WORLD, STORY = "world.json", "story.json"
PATIENCE_SECONDS = 30.0
FULL_FOR_WRITES = 2
JUMP_SECONDS = 3 * 3600


@dataclass(frozen=True)
class Blow:
    """What happens before or after the `at`th write of the process."""

    what: Literal["killed", "told to stop", "disk full", "clock set on", "clock set back"]
    at: int
    when: Literal["before", "after"] = "before"


@dataclass(frozen=True)
class Place:
    """Where the process works: its folder, and the servers that it calls, of that run."""

    folder: str
    host: str
    run: str


class StruckDatabase(Database):
    """Counts the writes of the process, and strikes when the time has come."""

    blow: Blow | None = None

    def __init__(self, path: Path, **options: Any) -> None:
        self._numbers = itertools.count(1)
        self.written = 0
        self.refused = 0
        """Writes for which the disk had no room."""
        super().__init__(path, **options)

    def _commit(self, change: Callable[[sqlite3.Connection], T], single: bool) -> T:
        number = self.written = next(self._numbers)
        blow = self.blow
        if blow is None:
            return super()._commit(change, single)
        if blow.what == "disk full" and 0 <= number - blow.at < FULL_FOR_WRITES:
            self.refused += 1
            return super()._commit(partial(_on_full_disk, change=change), single=False)
        if number == blow.at and blow.when == "before":
            strike(blow)
        result = super()._commit(change, single)
        if number == blow.at and blow.when == "after":
            strike(blow)
        return result


def strike(blow: Blow) -> None:
    if blow.what == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif blow.what == "told to stop":
        os.kill(os.getpid(), signal.SIGTERM)
    elif blow.what == "clock set on":
        set_clock(JUMP_SECONDS)
    elif blow.what == "clock set back":
        set_clock(-JUMP_SECONDS)


def set_clock(seconds: int) -> None:
    """The wall clock jumps; the steady one does not."""
    shown = SimpleNamespace(time_ns=lambda: time.time_ns() + seconds * 1_000_000_000)
    clock.time = shown  # type: ignore[assignment]


def _on_full_disk(connection: sqlite3.Connection, change: Callable[[sqlite3.Connection], T]) -> T:
    """Write where not one more page is to be had."""
    [before] = connection.execute("PRAGMA max_page_count").fetchone()
    connection.execute("PRAGMA max_page_count = 1")  # never less than there are
    try:
        connection.execute("CREATE TABLE no_room AS SELECT zeroblob(4000000)")
        return change(connection)
    finally:
        connection.execute(f"PRAGMA max_page_count = {before}")


def prepare(place: Place) -> None:
    """Make the folder's world: a user and the workflow."""
    platform = _platform(place)
    platform.start()
    caller = make_user()
    world = {"user": caller.user, "workflow": make_workflow(caller)}
    (Path(place.folder) / WORLD).write_text(json.dumps(world))
    platform.close()


def live(place: Place, blow: Blow | None) -> None:
    """See the execution through, and write down its story, unless the blow strikes first."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.stderr = (Path(place.folder) / "life.log").open("a")
    StruckDatabase.blow = blow
    platform = _platform(place)
    database = platform.database
    assert isinstance(database, StruckDatabase)
    try:
        platform.start()
        story = _see_through(place)
        story |= {"writes": database.written, "refused": database.refused}
        (Path(place.folder) / STORY).write_text(json.dumps(story))
    finally:
        platform.close()


def _platform(place: Place) -> embedded.platform.EmbeddedPlatform:
    models = {"base_url": f"http://{place.host}/{place.run}/v1", "api_key": "x"}
    settings = {
        "PROMPTPILOT_DATA": place.folder,
        "PROMPTPILOT_CUSTOM_MODELS": {"fake": models},
        "PROMPTPILOT_EGRESS_ALLOW": place.host,
    }
    embedded.platform.Database = StruckDatabase  # type: ignore[misc]
    Retrier.delay_seconds = lambda self, retries: 0.01  # type: ignore[method-assign]
    return embedded.platform.EmbeddedPlatform(Settings.model_validate(settings), with_model=False)


def _see_through(place: Place) -> dict[str, Any]:
    world = json.loads((Path(place.folder) / WORLD).read_text())
    caller, pause = Caller(world["user"]), threading.Event()
    deadline = time.monotonic() + PATIENCE_SECONDS
    started = False
    while time.monotonic() < deadline:
        executions = _items(caller, "/executions")
        if not (executions or started):
            body = {"input": {"host": place.host, "run": place.run}}
            path = f"/workflows/{world['workflow']}/execute"
            started = caller.post(path, body).status == 202
        elif executions and all(each["status"] in ENDED for each in executions):
            stories = [_story(caller, each["id"]) for each in executions]
            return {"executions": sorted(stories, key=lambda story: story["child"])}
        for approval in _items(caller, "/approvals?status=pending"):
            caller.post(f"/approvals/{approval['id']}/decide", {"decision": "approve"})
        pause.wait(0.02)
    raise TimeoutError(str(_items(caller, "/executions")))


def _items(caller: Caller, path: str) -> list[dict[str, Any]]:
    answer = caller.get(path)
    return answer.json["items"] if answer.status == 200 else []


def _story(caller: Caller, id: str) -> dict[str, Any]:
    """What is to be the same, whatever has befallen the process."""
    execution = caller.get(f"/executions/{id}").json
    logs = caller.get(f"/executions/{id}/logs?limit=100").json["items"]
    told = ("path", "iteration", "status", "text")
    return {
        "child": execution.get("parent") is not None,
        "status": execution["status"],
        "output": _without_ids(execution["output"]),
        "usage": execution["usage"],
        "error": execution["error"],
        "logs": sorted(json.dumps({name: log.get(name) for name in told}) for log in logs),
    }


def _without_ids(output: Any) -> Any:
    """The output of a workflow; a prompt's names its log, which is another in every run."""
    return {**output, "log": None} if "log" in output else output
