"""A wall clock that is set while executions wait: what takes a second still takes one."""

import time
from collections.abc import Iterator

import pytest

from embedded.engine import alarms
from embedded.engine.engine import Engine
from tests.engine.asl import machine, map_, parallel, pass_, task
from tests.engine.conftest import MakeEngine
from tests.engine.patience import until
from tests.engine.scripted_worker import ScriptedWorker, silence
from tests.engine.statuses import Statuses

HOUR_NS = 3_600_000_000_000
CATCH = [{"ErrorEquals": ["States.Timeout"], "Next": "late"}]
RETRY = [{"ErrorEquals": ["E"], "IntervalSeconds": 1}]
WAIT = {"Type": "Wait", "Seconds": 1, "End": True}
MACHINES = {
    "wait": machine({"w": WAIT}),
    "waits": machine({"each": map_({"w": WAIT}, Items=[1, 2, 3], MaxConcurrency=2)}),
    "retry": machine({"r": task("r", Retry=RETRY)}),
    "fan": machine({"fan": parallel([{"w": WAIT}, {"f": task("r", Retry=RETRY)}])}),
    "late": machine({"a": task("a", TimeoutSeconds=1, Catch=CATCH), "late": pass_()}),
    "limit": machine({"a": task("a")}, TimeoutSeconds=1),
}


class Clock:
    """The wall clock, which can be set."""

    def __init__(self) -> None:
        self._ahead = 0
        self._steady = time.time_ns

    def __call__(self) -> int:
        return self._steady() + self._ahead

    def set(self, hours: int) -> None:
        self._ahead = hours * HOUR_NS


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr("promptpilot.clock.time.time_ns", clock)
    yield clock
    monkeypatch.undo()


@pytest.mark.parametrize("hours", [-30, 30])
def test_what_takes_a_second_takes_a_second(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker, clock: Clock, hours: int
) -> None:
    worker.script("a", silence, silence)
    worker.script("r", worker.fail("E"), worker.fail("E"))
    began = time.monotonic()
    for name, each in MACHINES.items():
        engine.start(each, name, {})
    waiting = "SELECT count(*) FROM engine_frame WHERE wake_ms IS NOT NULL"
    until(lambda: engine.database.rows(waiting) == [(6,)])
    worker.wait_for_job("a", 2)
    clock.set(hours)
    ends = {name: statuses.end_of(name)["status"] for name in MACHINES}
    assert ends == dict.fromkeys(MACHINES, "SUCCEEDED") | {"limit": "TIMED_OUT"}
    assert time.monotonic() - began >= 1


def test_a_wait_for_a_time_ends_when_the_clock_shows_it(
    make_engine: MakeEngine, statuses: Statuses, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarms, "CLOCK_SLICE_SECONDS", 0.01)
    engine = make_engine()
    engine.start_up()
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 5 * 3600))
    until_then = {"Type": "Wait", "Timestamp": at, "End": True}
    engine.start(machine({"each": map_({"w": until_then}, Items=[1, 2])}), "one", {})
    waiting = "SELECT count(*) FROM engine_frame WHERE wake_ms IS NOT NULL"
    until(lambda: engine.database.rows(waiting) == [(2,)])
    clock.set(-10)
    clock.set(6)
    assert statuses.output_of("one") == [1, 2]


@pytest.mark.parametrize("hours", [-30, 30])
def test_a_clock_that_was_set_while_the_engine_was_off_ends_nothing_wrongly(
    make_engine: MakeEngine,
    statuses: Statuses,
    worker: ScriptedWorker,
    clock: Clock,
    hours: int,
) -> None:
    worker.script("it", worker.succeed(), silence)
    each = machine({"each": map_({"it": task("it", HeartbeatSeconds=60)}, Items=[1, 2])})
    engine = make_engine()
    engine.start_up()
    engine.start(each, "one", {})
    worker.wait_for_job("it", 2)
    until(lambda: engine.database.rows("SELECT 1 FROM engine_frame WHERE state = ''"))
    engine.shut_down(0)
    clock.set(hours)
    make_engine().start_up()
    assert statuses.output_of("one") == [{"output": "it"}] * 2
    assert len(worker.jobs) == 3
