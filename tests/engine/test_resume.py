"""Going on with executions that failed, timed out or were stopped."""

from collections.abc import Callable
from typing import Any

import pytest

from embedded.engine.engine import Engine
from promptpilot.errors import Conflict, NotFound
from promptpilot.ports.orchestrator import Machine
from tests.engine.asl import machine, map_, parallel, pass_, task
from tests.engine.conftest import MakeEngine
from tests.engine.patience import until
from tests.engine.scripted_worker import ScriptedWorker, silence
from tests.engine.statuses import Statuses

ITEM = {"item": "{% $states.input %}"}
CHAIN = machine(
    {
        "a": task("a", "b", Assign={"a": "{% $states.result.output %}"}),
        "b": task("b", "c", job={"redriven": "{% $states.context.Execution.RedriveCount %}"}),
        "c": pass_(Output=["{% $a %}", "{% $states.input.output %}"]),
    }
)


def closed(engine: Engine, name: str) -> Callable[[], Any]:
    """Whether the end has been told."""
    sql = "SELECT 1 FROM engine_execution WHERE name = ? AND NOT open"
    return lambda: engine.database.rows(sql, (name,))


def failed(engine: Engine, which: Machine, statuses: Statuses) -> None:
    engine.start(which, "one", {"n": 1})
    assert statuses.end_of("one")["status"] == "FAILED"
    until(closed(engine, "one"))
    statuses.details.clear()


@pytest.mark.parametrize("restart", [False, True])
def test_what_succeeded_is_kept_and_the_failed_state_runs_anew(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker, restart: bool
) -> None:
    worker.script("b", worker.fail("E"), worker.succeed())
    engine = make_engine()
    engine.start_up()
    failed(engine, CHAIN, statuses)
    if restart:
        engine.shut_down(0)
        engine = make_engine()
        engine.start_up()
    engine.resume(CHAIN, "one", times=1)
    assert statuses.output_of("one") == ["a", "b"]
    assert len(worker.jobs_of("a")) == 1
    assert [job["redriven"] for job in worker.jobs_of("b")] == [0, 1]


def test_a_resumption_before_the_start_of_the_engine_is_kept(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("b", worker.fail("E"), worker.succeed())
    engine = make_engine()
    engine.start_up()
    failed(engine, CHAIN, statuses)
    engine.shut_down(0)
    engine = make_engine()
    engine.resume(CHAIN, "one", times=1)
    engine.start_up()
    assert statuses.output_of("one") == ["a", "b"]


def test_retries_count_from_the_beginning(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    retry = [{"ErrorEquals": ["E"], "MaxAttempts": 1, "MaxDelaySeconds": 1}]
    worker.script("a", *[worker.fail("E")] * 3, worker.succeed())
    retrying = machine({"a": task("a", Retry=retry)})
    failed(engine, retrying, statuses)
    engine.resume(retrying, "one", times=1)
    statuses.output_of("one")
    assert [job["attempt"] for job in worker.jobs] == [0, 1, 0, 1]


def test_ended_branches_and_iterations_are_kept(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("it", worker.succeed({"n": 0}), silence, worker.fail("E"))
    worker.script("d", silence)
    each = map_({"it": task("it", job=ITEM)}, Items=[0, 1, 2, 3], MaxConcurrency=2)
    branches = [
        {"a": task("a")},
        {"each": each},
        {"own": pass_("d", Assign={"v": 7}), "d": task("d")},
    ]
    branches[2]["d"]["Output"] = "{% $v %}"
    fan = machine({"begin": task("begin", "fan"), "fan": parallel(branches)})
    worker.script(
        "it", worker.succeed({"n": 1}), worker.succeed({"n": 2}), worker.succeed({"n": 3})
    )
    failed(engine, fan, statuses)
    engine.resume(fan, "one", times=1)
    assert statuses.output_of("one") == [{"output": "a"}, [{"n": n} for n in range(4)], 7]
    assert [job["item"] for job in worker.jobs_of("it")] == [0, 1, 2, 1, 2, 3]
    assert [len(worker.jobs_of(step)) for step in ("begin", "a", "d")] == [1, 1, 2]


def test_branches_without_a_wait_are_kept_too(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    uuid = pass_(Output="{% $uuid() %}")
    worker.script("bad", worker.fail("E"), worker.succeed())
    fan = machine({"fan": parallel([{"u": uuid}, {"bad": task("bad")}])})
    failed(engine, fan, statuses)
    rows = engine.database.rows("SELECT input FROM engine_frame WHERE path = 'fan#0'")
    engine.resume(fan, "one", times=1)
    assert f'"{statuses.output_of("one")[0]}"' == rows[0][0]


def test_a_state_that_fails_after_its_branches_keeps_them(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    output = "{% $states.context.Execution.RedriveCount > 0 ? $states.result : $no %}"
    fan = machine({"fan": parallel([{"a": task("a")}], Output=output)})
    failed(engine, fan, statuses)
    engine.resume(fan, "one", times=1)
    assert statuses.output_of("one") == [{"output": "a"}]
    assert len(worker.jobs) == 1


def test_an_execution_that_was_stopped_goes_on(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("b", silence)
    engine.start(CHAIN, "one", {})
    worker.wait_for_job("b")
    engine.stop(CHAIN, "one", error="Cancelled", cause="")
    until(closed(engine, "one"))
    statuses.details.clear()
    engine.resume(CHAIN, "one", times=1)
    assert statuses.output_of("one") == ["a", "b"]
    assert len(worker.jobs_of("a")) == 1


def test_the_time_limit_counts_from_the_resumption(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", silence)
    limited = machine({"a": task("a")}, TimeoutSeconds=1)
    engine.start(limited, "one", {})
    assert statuses.end_of("one")["status"] == "TIMED_OUT"
    until(closed(engine, "one"))
    statuses.details.clear()
    engine.resume(limited, "one", times=1)
    assert statuses.output_of("one") == {"output": "a"}


def test_an_execution_is_resumed_again_and_again(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("b", worker.fail("E"), worker.fail("E"), worker.succeed())
    failed(engine, CHAIN, statuses)
    engine.resume(CHAIN, "one", times=1)
    assert statuses.end_of("one")["status"] == "FAILED"
    until(closed(engine, "one"))
    statuses.details.clear()
    engine.resume(CHAIN, "one", times=1)  # it has: a repeat, however late, does nothing
    engine.resume(CHAIN, "one", times=2)
    assert statuses.output_of("one") == ["a", "b"]
    assert [job["redriven"] for job in worker.jobs_of("b")] == [0, 1, 2]


def test_one_that_runs_is_left_alone(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("b", silence)
    engine.start(CHAIN, "one", {})
    token = worker.wait_for_job("b")["token"]
    engine.resume(CHAIN, "one", times=1)
    assert engine.succeed_task(token, {"output": "late"}) is True
    assert statuses.output_of("one") == ["a", "late"]


def test_one_that_succeeded_or_is_unknown_or_old_is_refused(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    with pytest.raises(NotFound):
        engine.resume(CHAIN, "nobody", times=1)
    engine.start(CHAIN, "good", {})
    statuses.end_of("good")
    with pytest.raises(Conflict, match="succeeded"):
        engine.resume(CHAIN, "good", times=1)
    worker.script("b", worker.fail("E"))
    failed(engine, CHAIN, statuses)
    two_weeks = 14 * 24 * 3600 * 1000
    sql = "UPDATE engine_execution SET ended_ms = ended_ms - ? WHERE name = 'one'"
    engine.database.write(lambda connection: connection.execute(sql, (two_weeks,)))
    with pytest.raises(Conflict, match="14 days"):
        engine.resume(CHAIN, "one", times=1)


def test_one_without_room_in_its_history_is_refused(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    endless = machine({"a": pass_("b"), "b": pass_("a")})
    failed(engine, endless, statuses)
    with pytest.raises(Conflict, match="25000"):
        engine.resume(endless, "one", times=1)


def test_an_end_that_was_not_taken_is_not_told_once_it_is_resumed(
    make_engine: MakeEngine, worker: ScriptedWorker
) -> None:
    statuses = Statuses(refusals=1)
    worker.script("b", worker.fail("E"), worker.succeed())
    engine = make_engine(on_status=statuses)
    engine.start_up()
    engine.start(CHAIN, "one", {})
    statuses.wait_for_refusals(1)
    engine.resume(CHAIN, "one", times=1)
    assert statuses.end_of("one")["status"] == "SUCCEEDED"
    engine.start(CHAIN, "two", {})
    statuses.end_of("two")
    assert [each["status"] for each in statuses.ends_of("one")] == ["SUCCEEDED"]
