"""A workflow whose engine stops again and again ends as one that nothing interrupts."""

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded.database import Database
from embedded.engine.engine import Engine
from promptpilot.ports.orchestrator import Machine
from tests.conformance.random_worker import ANSWERS
from tests.conformance.test_random_workflows import envelope
from tests.engine.patience import until
from tests.engine.statuses import Statuses
from tests.unit.workflow_samples import compiled
from tools.random_documents import documents

NAME = "interrupted"


class SameWorker:
    """Answers the same job the same way every time; never answers the `last` that it takes."""

    def __init__(self, last: int | None) -> None:
        self.engine: Engine | None = None
        self.stopped = threading.Event()
        self._last = last
        self._taken = 0

    async def __call__(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        job = json.loads(event["Records"][0]["body"])
        self._taken += 1
        if self._taken == self._last:
            self.stopped.set()
        if self._last is None or self._taken < self._last:
            assert self.engine is not None
            key = f"{job['path']}/{job.get('iteration')}"
            choice = hashlib.sha256(key.encode()).digest()[0] % len(ANSWERS)
            self.engine.succeed_task(job["token"], ANSWERS[choice])
        return {"batchItemFailures": []}


def end_of(folder: Path, machine: Machine, stops: Sequence[int]) -> tuple[Any, ...]:
    """How the execution ends on engines that stop after so many jobs each, but for the last."""
    database = Database(folder / "engine.db")
    statuses, end = Statuses(), None
    try:
        for last in [*stops, None]:
            worker = SameWorker(last)
            engine = worker.engine = Engine(database, worker=worker, on_status=statuses)
            engine.start_up()
            engine.start(machine, NAME, envelope({"list": [1, "two", None], "a": {}}))
            if last:
                until(lambda: worker.stopped.is_set() or statuses.ends_of(NAME))  # noqa: B023
            else:
                end = statuses.end_of(NAME)
            engine.shut_down(0)
    finally:
        database.close()
    assert end is not None
    return end["status"], end["error"], end["output"]


def may_fail(value: Any) -> bool:
    """Whether a step of the document ends it all; which one does first may be chance."""
    return '"kind": "fail"' in json.dumps(value)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(documents(certain=True), st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_an_interrupted_workflow_ends_as_an_undisturbed_one(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any], stops: list[int]
) -> None:
    found = compiled(document)
    machine = Machine("ws_1", "wf_1", "1.0.0", found.digest, found.asl)
    undisturbed = end_of(tmp_path_factory.mktemp("undisturbed"), machine, [])
    interrupted = end_of(tmp_path_factory.mktemp("interrupted"), machine, stops)
    if may_fail(document):
        assert interrupted[:2] == undisturbed[:2]
    else:
        assert interrupted == undisturbed
