"""Cases on the embedded engine: all of them at once, since many wait for a second or two."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from embedded.database import Database
from embedded.engine.engine import Engine
from promptpilot.domain.base import digest_of
from promptpilot.ports.orchestrator import HistoryEvent, Machine
from tests.conformance.case import Case
from tests.conformance.outcome import Outcome
from tests.conformance.worker import Worker

PATIENCE_SECONDS = 120
"""How long all cases may take together."""
MOST_EVENTS = 100_000


class EngineDesk:
    """Hands answers in to an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def succeed(self, token: str, output: Any) -> bool:
        return self._engine.succeed_task(token, output)

    def fail(self, token: str, error: str, cause: str) -> bool:
        return self._engine.fail_task(token, error, cause)

    def beat(self, token: str) -> bool:
        return self._engine.heartbeat_task(token)


class EngineRuns:
    """One execution of each case, named by it."""

    def __init__(self, database: Database) -> None:
        self._workers: dict[str, Worker] = {}
        self._machines: dict[str, Machine] = {}
        self._ends: dict[str, dict[str, Any]] = {}
        self._ended = threading.Condition()
        self._deadline = time.monotonic() + PATIENCE_SECONDS
        self.engine = Engine(database, worker=self._work, on_status=self._note_end)

    def start(self, cases: Iterable[Case]) -> None:
        self.engine.start_up()
        for case in cases:
            self._workers[case.name] = Worker(case, EngineDesk(self.engine))
            machine = Machine("ws_1", "wf_1", "1.0.0", digest_of(case.asl), case.asl)
            self._machines[case.name] = machine
            self.engine.start(machine, case.name, case.input)

    async def _work(self, event: dict[str, Any]) -> Mapping[str, Any]:
        job = json.loads(event["Records"][0]["body"])
        self._workers[job["execution"]].take(job)
        return {"batchItemFailures": []}

    def _note_end(self, event: dict[str, Any]) -> None:
        detail = event["detail"]
        if detail["status"] == "RUNNING":
            return
        self._workers[detail["name"]].end()
        with self._ended:
            self._ends[detail["name"]] = detail
            self._ended.notify_all()

    def outcome(self, case: Case) -> Outcome:
        """What came of the case, once its execution has ended."""
        with self._ended:
            over = self._ended.wait_for(
                lambda: case.name in self._ends, self._deadline - time.monotonic()
            )
        assert over, f"{case.name} has not ended"
        end = self._ends[case.name]
        output = json.loads(end["output"]) if end["output"] is not None else None
        return Outcome(
            status=end["status"],
            output=output,
            error=end["error"],
            cause=end["cause"],
            entered=self._entered(case),
            jobs=Counter(job["step"] for job in self._workers[case.name].jobs),
            worker=self._workers[case.name],
        )

    def history(self, case: Case) -> Sequence[HistoryEvent]:
        """The events of the case's execution."""
        machine = self._machines[case.name]
        return self.engine.history(machine, case.name, after=0, limit=MOST_EVENTS)

    def _entered(self, case: Case) -> list[str]:
        return [
            each.state + ("@" + ".".join(map(str, each.iteration)) if each.iteration else "")
            for each in self.history(case)
            if each.type == "state_entered"
        ]


@contextmanager
def engine_runs(folder: Path, cases: Iterable[Case]) -> Iterator[EngineRuns]:
    """All cases, started."""
    database = Database(folder / "engine.db")
    runs = EngineRuns(database)
    try:
        runs.start(cases)
        yield runs
    finally:
        runs.engine.shut_down(0)
        database.close()
