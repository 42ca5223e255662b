"""An engine on a real database, with a worker that a test scripts."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from embedded.database import Database
from embedded.engine.engine import Engine
from promptpilot.ports.orchestrator import Machine
from tests.engine.scripted_worker import ScriptedWorker
from tests.engine.statuses import Statuses

MakeEngine = Callable[..., Engine]
Run = Callable[..., str]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "engine.db")
    yield database
    database.close()


@pytest.fixture
def worker() -> ScriptedWorker:
    return ScriptedWorker()


@pytest.fixture
def statuses() -> Statuses:
    return Statuses()


@pytest.fixture
def make_engine(
    database: Database, worker: ScriptedWorker, statuses: Statuses
) -> Iterator[MakeEngine]:
    """Makes engines on the database, not started yet; each is shut down in the end."""
    engines: list[Engine] = []

    def make(**options: Any) -> Engine:
        options = {"on_status": statuses, "redelivery_seconds": (0.01, 0.01), **options}
        engine = Engine(database, worker=options.pop("worker", worker), **options)
        worker.engine = engine
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.shut_down(0)


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    engine = make_engine()
    engine.start_up()
    return engine


@pytest.fixture
def run(engine: Engine) -> Run:
    """Starts an execution of a machine; its name."""
    count = iter(range(1_000_000))

    def start(machine: Machine, input: Mapping[str, Any] | None = None) -> str:
        name = f"run-{next(count)}"
        engine.start(machine, name, input or {})
        return name

    return start
