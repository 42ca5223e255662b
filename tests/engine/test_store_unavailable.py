"""A store that is out of reach for a while holds executions up, and ends none."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from embedded.database import Database
from embedded.engine.engine import Engine
from promptpilot.errors import StoreUnavailable
from tests.engine.asl import machine, pass_, task
from tests.engine.patience import until
from tests.engine.scripted_worker import ScriptedWorker, silence
from tests.engine.statuses import Statuses

T = TypeVar("T")
CHAIN = machine({"a": task("a", "b"), "b": task("b")})


class FlakyDatabase(Database):
    """A database that can be put out of reach."""

    down = False
    refused = 0

    def write(self, change: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        if self.down:
            self.refused += 1
            raise StoreUnavailable
        return super().write(change, durable=durable)


@pytest.fixture
def flaky(tmp_path: Path) -> Iterator[FlakyDatabase]:
    database = FlakyDatabase(tmp_path / "engine.db")
    yield database
    database.down = False
    database.close()


@pytest.fixture
def engine(flaky: FlakyDatabase, worker: ScriptedWorker, statuses: Statuses) -> Iterator[Engine]:
    engine = worker.engine = Engine(flaky, worker=worker, on_status=statuses)
    engine.start_up()
    yield engine
    engine.shut_down(0)


def test_a_result_is_journaled_when_the_store_is_back(
    engine: Engine, flaky: FlakyDatabase, worker: ScriptedWorker, statuses: Statuses
) -> None:
    def act(job: dict[str, Any]) -> None:
        flaky.down = True
        worker.succeed()(job)

    worker.script("a", act)
    engine.start(CHAIN, "one", {})
    until(lambda: flaky.refused >= 3)
    assert worker.jobs_of("b") == []
    flaky.down = False
    assert statuses.output_of("one") == {"output": "b"}


def test_an_end_is_journaled_when_the_store_is_back(
    engine: Engine, flaky: FlakyDatabase, worker: ScriptedWorker, statuses: Statuses
) -> None:
    def act(job: dict[str, Any]) -> None:
        flaky.down = True
        worker.succeed()(job)

    worker.script("b", act)
    engine.start(CHAIN, "one", {})
    until(lambda: flaky.refused >= 2)
    assert statuses.ends_of("one") == []
    flaky.down = False
    assert statuses.output_of("one") == {"output": "b"}


def test_a_start_that_cannot_be_kept_is_refused(
    engine: Engine, flaky: FlakyDatabase, statuses: Statuses
) -> None:
    engine.publish(CHAIN)
    flaky.down = True
    with pytest.raises(StoreUnavailable):
        engine.start(CHAIN, "one", {})
    flaky.down = False
    engine.start(CHAIN, "one", {})
    statuses.output_of("one")


def test_a_caller_waits_for_its_result_to_be_kept(
    engine: Engine, flaky: FlakyDatabase, worker: ScriptedWorker, statuses: Statuses
) -> None:
    worker.script("a", silence)
    engine.start(CHAIN, "one", {})
    token = worker.wait_for_job("a")["token"]
    flaky.down = True
    answers: list[bool] = []
    caller = threading.Thread(target=lambda: answers.append(engine.succeed_task(token, {})))
    caller.start()
    until(lambda: flaky.refused >= 1)
    assert answers == []
    flaky.down = False
    caller.join()
    assert answers == [True]
    statuses.output_of("one")


def test_other_executions_wait_too_and_all_go_on(
    engine: Engine, flaky: FlakyDatabase, statuses: Statuses
) -> None:
    for n in range(10):
        engine.start(CHAIN, f"run-{n}", {})
    flaky.down = True
    until(lambda: flaky.refused >= 1)
    flaky.down = False
    engine.start(machine({"p": pass_()}), "after", {})
    for n in range(10):
        assert statuses.output_of(f"run-{n}") == {"output": "b"}
    statuses.output_of("after")
