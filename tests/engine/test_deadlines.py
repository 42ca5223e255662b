"""Time limits that last for days: of tasks that somebody takes his time for."""

import pytest

from embedded.database import Database
from embedded.engine.engine import Engine
from tests.engine.asl import machine, pass_, task
from tests.engine.conftest import MakeEngine
from tests.engine.patience import until
from tests.engine.scripted_worker import ScriptedWorker, silence
from tests.engine.statuses import Statuses

DAY = 86_400
CATCH = [{"ErrorEquals": ["States.Timeout"], "Next": "late"}]
LATE = pass_(Output="late")
APPROVAL = machine({"a": task("a", TimeoutSeconds=3 * DAY, Catch=CATCH), "late": LATE})


def days_pass(database: Database, days: float) -> None:
    """The engine is off meanwhile."""
    ago = round(days * DAY * 1000)

    def turn_back(connection: object) -> None:
        for column in (
            "engine_execution SET started_ms = started_ms",
            "engine_frame SET entered_ms = entered_ms",
        ):
            connection.execute(f"UPDATE {column} - ?", (ago,))
        connection.execute("UPDATE engine_frame SET wake_ms = wake_ms - ?", (ago,))

    database.write(turn_back)


@pytest.mark.parametrize("days", [1, 4])
def test_a_restart_does_not_prolong_the_time_limit(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker, days: int
) -> None:
    worker.script("a", silence, silence)
    engine = make_engine()
    engine.start_up()
    engine.start(APPROVAL, "one", {})
    worker.wait_for_job("a")
    engine.shut_down(0)
    days_pass(engine.database, days)
    engine = make_engine()
    engine.start_up()
    token = worker.wait_for_job("a", 2)["token"]
    if days < 3:
        assert engine.succeed_task(token, {"output": "in time"}) is True
        assert statuses.output_of("one") == {"output": "in time"}
    else:
        assert statuses.output_of("one") == "late"
        assert engine.succeed_task(token, {}) is False


def test_a_result_that_was_recorded_in_time_counts_after_a_restart_past_the_limit(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("a", silence)
    engine = make_engine()
    engine.start_up()
    engine.start(APPROVAL, "one", {})
    worker.wait_for_job("a")
    engine.shut_down(0)
    days_pass(engine.database, 4)
    make_engine().start_up()
    assert statuses.output_of("one") == {"output": "a"}


def test_the_time_limit_of_a_retry_counts_from_the_retry(
    make_engine: MakeEngine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    retry = [{"ErrorEquals": ["E"], "MaxDelaySeconds": 1}]
    worker.script("a", worker.fail("E"), silence, silence)
    engine = make_engine()
    engine.start_up()
    limited = task("a", TimeoutSeconds=2 * DAY, Retry=retry, Catch=CATCH)
    engine.start(machine({"a": limited, "late": LATE}), "one", {})
    worker.wait_for_job("a", 2)
    engine.shut_down(0)
    days_pass(engine.database, 1)
    engine = make_engine()
    engine.start_up()
    token = worker.wait_for_job("a", 3)["token"]
    assert engine.succeed_task(token, {}) is True


def test_the_longest_times_of_all_are_waited_for(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    longest = 99_999_999
    retry = [{"ErrorEquals": ["E"], "IntervalSeconds": longest}]
    worker.script("a", silence)
    worker.script("b", worker.fail("E"))
    machines = {
        "task": machine({"a": task("a", TimeoutSeconds=longest)}, TimeoutSeconds=longest),
        "retry": machine({"b": task("b", Retry=retry)}),
        "wait": machine({"w": {"Type": "Wait", "Seconds": longest, "End": True}}),
        "until": machine({"w": {"Type": "Wait", "Timestamp": "9999-12-31T23:59:59Z", "End": True}}),
    }
    for name, each in machines.items():
        engine.start(each, name, {})
    sql = "SELECT count(*) FROM engine_frame WHERE wake_ms IS NOT NULL"
    until(lambda: engine.database.rows(sql) == [(3,)])
    worker.wait_for_job("a")
    for name, each in machines.items():
        engine.stop(each, name, error="Cancelled", cause="")
        assert statuses.end_of(name)["status"] == "ABORTED"
