"""Waits, timeouts and retries, which take a second each: all at once, on one engine."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from embedded.database import Database
from embedded.engine.engine import Engine
from tests.engine.asl import machine, pass_, task
from tests.engine.scripted_worker import Job, ScriptedWorker, silence
from tests.engine.statuses import Statuses

CAUGHT = pass_(Output="{% $states.input.Error %}")
TIMEOUT_CATCHERS = [
    {"ErrorEquals": ["States.TaskFailed"], "Next": "wrong"},
    {"ErrorEquals": ["States.Timeout"], "Next": "caught"},
]
HEARTBEAT_CATCHERS = [
    {"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "caught"},
    {"ErrorEquals": ["States.ALL"], "Next": "wrong"},
]
OTHERS = {"caught": CAUGHT, "wrong": pass_(Output="wrong")}
RETRY = {"ErrorEquals": ["E"], "MaxAttempts": 1}

MACHINES = {
    "timeout": machine({"t": task("silent", TimeoutSeconds=1, Catch=TIMEOUT_CATCHERS)} | OTHERS),
    "uncaught": machine({"t": task("silent", TimeoutSeconds="{% 1 %}")}),
    "heartbeat": machine(
        {"t": task("silent", HeartbeatSeconds=1, Catch=HEARTBEAT_CATCHERS)} | OTHERS
    ),
    "no heartbeat": machine({"t": task("silent", HeartbeatSeconds="{% $states.input.s %}")}),
    "machine": machine({"t": task("silent", "wrong")} | OTHERS, TimeoutSeconds=1),
    "machine waits": machine({"w": {"Type": "Wait", "Seconds": 60, "End": True}}, TimeoutSeconds=1),
    "wait": machine(
        {"w": {"Type": "Wait", "Seconds": "{% $states.input.s %}", "Output": "ok", "End": True}}
    ),
    "retry": machine({"t": task("once", Retry=[RETRY])}),
    "retry in vain": machine({"t": task("vain", Retry=[RETRY], Catch=TIMEOUT_CATCHERS)} | OTHERS),
    "each retrier counts": machine(
        {"t": task("mixed", Retry=[RETRY, RETRY | {"ErrorEquals": ["F"]}])}
    ),
    "late": machine({"t": task("late", TimeoutSeconds=1)}),
    "alive": machine({"t": task("alive", HeartbeatSeconds=1)}),
}


def beat_until(engine: Engine, over: Callable[[], object]) -> Callable[[Job], Any]:
    """A worker that is busy, and says so, until something is over."""

    async def act(job: Job) -> None:
        while not over():
            assert engine.heartbeat_task(job["token"])
            await asyncio.sleep(0.1)
        engine.succeed_task(job["token"], {"output": job["step"]})

    return act


@pytest.fixture(scope="module")
def worker() -> ScriptedWorker:
    return ScriptedWorker()


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory, worker: ScriptedWorker) -> Iterator[Statuses]:
    database = Database(tmp_path_factory.mktemp("time") / "engine.db")
    statuses = Statuses()
    engine = worker.engine = Engine(database, worker=worker, on_status=statuses)
    worker.script("silent", *[silence] * 6)
    worker.script("late", silence)
    worker.script("alive", beat_until(engine, lambda: statuses.ends_of("each retrier counts")))
    worker.script("once", worker.fail("E"), worker.succeed())
    worker.script("vain", worker.fail("E"), worker.fail("E", "again"))
    worker.script("mixed", worker.fail("E"), worker.fail("F"), worker.succeed())
    engine.start_up()
    for name, each in MACHINES.items():
        engine.start(each, name, {"s": 1})
    yield statuses
    engine.shut_down(0)
    database.close()


def test_a_task_that_takes_too_long_times_out(ends: Statuses) -> None:
    assert ends.output_of("timeout") == "States.Timeout"


def test_an_uncaught_timeout_fails_the_execution(ends: Statuses) -> None:
    assert ends.error_of("uncaught")[0] == "States.Timeout"


def test_a_worker_that_falls_silent_is_noticed(ends: Statuses) -> None:
    assert ends.output_of("heartbeat") == "States.HeartbeatTimeout"
    assert ends.error_of("no heartbeat")[0] == "States.HeartbeatTimeout"


@pytest.mark.parametrize("name", ["machine", "machine waits"])
def test_an_execution_that_takes_too_long_is_timed_out(ends: Statuses, name: str) -> None:
    end = ends.end_of(name)
    assert (end["status"], end["error"]) == ("TIMED_OUT", "States.Timeout")
    assert end["stopDate"] - end["startDate"] >= 990


def test_a_wait_takes_its_seconds(ends: Statuses) -> None:
    assert ends.output_of("wait") == "ok"
    end = ends.end_of("wait")
    assert end["stopDate"] - end["startDate"] >= 990


def test_a_task_is_tried_again(ends: Statuses, worker: ScriptedWorker) -> None:
    assert ends.output_of("retry") == {"output": "once"}
    first, second = worker.jobs_of("once")
    assert (first["attempt"], second["attempt"]) == (0, 1)
    assert first["token"] != second["token"]


def test_a_task_fails_with_the_last_error_when_retries_run_out(
    ends: Statuses, worker: ScriptedWorker
) -> None:
    assert ends.output_of("retry in vain") == "wrong"
    assert len(worker.jobs_of("vain")) == 2


def test_each_retrier_counts_for_itself(ends: Statuses, worker: ScriptedWorker) -> None:
    assert ends.output_of("each retrier counts") == {"output": "mixed"}
    assert [job["attempt"] for job in worker.jobs_of("mixed")] == [0, 1, 2]


def test_a_result_after_the_timeout_comes_to_nothing(
    ends: Statuses, worker: ScriptedWorker
) -> None:
    assert ends.error_of("late")[0] == "States.Timeout"
    assert worker.engine is not None
    assert worker.engine.succeed_task(worker.jobs_of("late")[0]["token"], {}) is False


def test_heartbeats_keep_a_task_alive(ends: Statuses) -> None:
    assert ends.output_of("alive") == {"output": "alive"}
    end = ends.end_of("alive")
    assert end["stopDate"] - end["startDate"] >= 1_900
