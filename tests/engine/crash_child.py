"""A process that runs an engine and is killed at a given write of its journal."""

import json
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from embedded.database import Database
from embedded.engine.engine import Engine
from tests.engine.asl import machine, pass_, task

T = TypeVar("T")

NOTES = "notes.jsonl"
ROUNDS = 3
LOG = "{% $append($log, [$states.result.call]) %}"
MACHINE = machine(
    {
        "begin": pass_("first", Assign={"log": [], "n": 0}),
        "first": task("first", "round", Assign={"log": LOG}),
        "round": task("round", "again", Assign={"log": LOG, "n": "{% $n + 1 %}"}),
        "again": {
            "Type": "Choice",
            "Choices": [{"Condition": f"{{% $n < {ROUNDS} %}}", "Next": "round"}],
            "Default": "breaks",
        },
        "breaks": task("breaks", Catch=[{"ErrorEquals": ["E"], "Next": "pause"}]),
        "pause": {"Type": "Wait", "Seconds": 0, "Next": "approve"},
        "approve": task("approve", Output=LOG),
    }
)
STEPS = ["first", *["round"] * ROUNDS, "breaks", "approve"]
EXECUTIONS = ("one", "two", "three")


@dataclass(frozen=True)
class Plan:
    """When the process dies: at the `at`th write of the engine's thread or of the main thread."""

    at: int
    when: Literal["before", "after"]
    thread: Literal["engine", "MainThread"] = "engine"


class DeadlyDatabase(Database):
    """Kills the process before or after a write, as the plan says."""

    plan: Plan | None = None
    writes = 0

    def write(self, change: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        plan = self.plan
        if plan is None or threading.current_thread().name != plan.thread:
            return super().write(change, durable=durable)
        self.writes += 1
        if plan.when == "before" and self.writes == plan.at:
            os.kill(os.getpid(), signal.SIGKILL)
        result = super().write(change, durable=durable)
        if plan.when == "after" and self.writes == plan.at:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


class Notes:
    """Lines in a file, which outlive the process: a write to a file needs no process to finish."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._path.read_text().splitlines()]

    def add(self, **line: Any) -> None:
        os.write(self._file, (json.dumps(line) + "\n").encode())


class Life:
    """One process's time with the data in a folder."""

    def __init__(self, folder: Path, plan: Plan | None) -> None:
        self._notes = Notes(folder / NOTES)
        self._ended = {name: threading.Event() for name in EXECUTIONS}
        for note in self._notes.read():
            if "end" in note:
                self._ended[note["execution"]].set()
        self._database = DeadlyDatabase(folder / "engine.db")
        self._engine = Engine(self._database, worker=self._work, on_status=self._note_end)
        self._database.plan = plan

    def live(self) -> None:
        """Run every execution to its end, unless the plan strikes first."""
        self._engine.start_up()
        for name in EXECUTIONS:
            self._engine.start(MACHINE, name, {})
            self._notes.add(started=name)
        for ended in self._ended.values():
            assert ended.wait(20)
        self._database.plan = None
        self._engine.shut_down(1)
        self._database.close()

    async def _work(self, event: dict[str, Any]) -> dict[str, Any]:
        job = json.loads(event["Records"][0]["body"])
        call = f"{os.getpid()}-{event['Records'][0]['messageId']}"
        self._notes.add(call=call, step=job["step"], execution=job["execution"])
        if job["step"] == "breaks":
            self._engine.fail_task(job["token"], "E", "on purpose")
        elif job["step"] == "approve":
            threading.Thread(target=self._approve, args=(job["token"], call)).start()
        else:
            self._engine.succeed_task(job["token"], {"call": call})
        return {"batchItemFailures": []}

    def _approve(self, token: str, call: str) -> None:
        if self._engine.succeed_task(token, {"call": call}):
            self._notes.add(acknowledged=call)

    def _note_end(self, event: dict[str, Any]) -> None:
        detail = event["detail"]
        if detail["status"] != "RUNNING":
            name = detail["name"]
            self._notes.add(end=detail["status"], execution=name, output=detail["output"])
            self._ended[name].set()


def run(folder: str, plan: Plan | None) -> None:
    """The process's entry."""
    Life(Path(folder), plan).live()


for _state in MACHINE.asl["States"].values():
    if _state["Type"] == "Task":
        _state["Arguments"]["MessageBody"]["execution"] = "{% $states.context.Execution.Name %}"
