"""Whatever a workflow says and its worker does, it runs to an end, within its static bounds."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded.database import Database
from embedded.engine.engine import Engine
from embedded.engine.retries import Retrier
from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.ports.orchestrator import Machine
from tests.conformance.events import events, transitions
from tests.conformance.random_worker import ERRORS, RandomWorker
from tests.engine.statuses import Statuses
from tests.unit.workflow_samples import compiled
from tools.random_documents import FAILED, documents

MOST_EVENTS = 100_000
MAY_FAIL_WITH = {*ERRORS, FAILED, "States.QueryEvaluationError"}
numbers = count()


@pytest.fixture(scope="module")
def worker() -> RandomWorker:
    return RandomWorker()


@pytest.fixture(scope="module")
def statuses() -> Statuses:
    return Statuses()


@pytest.fixture(scope="module")
def engine(
    tmp_path_factory: pytest.TempPathFactory, worker: RandomWorker, statuses: Statuses
) -> Iterator[Engine]:
    database = Database(tmp_path_factory.mktemp("random") / "engine.db")
    engine = worker.engine = Engine(database, worker=worker, on_status=statuses)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Retrier, "delay_seconds", lambda self, retries: 0.001)  # of the clock
        engine.start_up()
        yield engine
        engine.shut_down(0)
    database.close()


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(documents(certain=True), st.integers(0, 2**32))
def test_a_workflow_runs_to_an_end_within_its_bounds(
    engine: Engine,
    worker: RandomWorker,
    statuses: Statuses,
    document: dict[str, Any],
    seed: int,
) -> None:
    found = compiled(document)
    machine = Machine("ws_1", "wf_1", "1.0.0", found.digest, found.asl)
    worker.begin(Random(seed).randrange)
    name = f"random-{next(numbers)}"
    engine.start(machine, name, envelope({"list": [1, "two", None], "a": {}}))
    end = statuses.end_of(name)
    if end["status"] != "SUCCEEDED":
        assert (end["status"], end["error"] in MAY_FAIL_WITH) == ("FAILED", True), end
    history = engine.history(machine, name, after=0, limit=MOST_EVENTS)
    assert model_calls(document, worker.jobs) <= found.bounds.model_calls
    assert transitions(history) <= found.bounds.transitions
    assert events(found.asl, history) <= found.bounds.history_events


def envelope(input: dict[str, Any]) -> dict[str, Any]:
    ids = {name: name for name in ("workspace", "execution", "workflow", "version")}
    return {**ids, "input": input}


def model_calls(document: dict[str, Any], jobs: Counter[str]) -> int:
    """The most that these jobs can have called models: every fallback too, each time."""
    steps = WorkflowDocument.model_validate_json(json.dumps(document)).by_path.values()
    models = {step.id: 1 + len(step.fallbacks) for step in steps if step.kind == "prompt"}
    return sum(times * models.get(step, 0) for step, times in jobs.items())
